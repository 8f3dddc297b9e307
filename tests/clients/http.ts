// Requests over types that are made from the API's document.
import type { components, paths } from "./api";

/** The routes that are read. */
export type ReadPath = { [Path in keyof paths]: paths[Path] extends { get: object } ? Path : never }[keyof paths];

/** What a route answers as JSON. */
export type Answer<Path extends ReadPath> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

/** The parameters of a route's query. */
export type Query<Path extends ReadPath> = paths[Path] extends { get: { parameters: { query?: infer Query } } }
  ? Query
  : never;

type Problem = components["schemas"]["ProblemBody"];

/** The answer to a request that succeeded. */
export async function answered(path: string, request: RequestInit = {}): Promise<Response> {
  const headers = { Authorization: `Bearer ${process.env.BORG_KEY}`, "Content-Type": "application/json" };
  const answer = await fetch(`${process.env.BORG_URL}${path}`, { ...request, headers });
  if (!answer.ok) {
    const problem = (await answer.json()) as Problem;
    throw new Error(`${path}: ${problem.code}: ${problem.detail}`);
  }
  return answer;
}

export async function read<Path extends ReadPath>(path: Path, query?: Query<Path>): Promise<Answer<Path>> {
  const asked = new URLSearchParams(query as Record<string, string>);
  return (await (await answered(`${path}?${asked}`)).json()) as Answer<Path>;
}
