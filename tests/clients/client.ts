// A small program over types that are made from the API's document: it must compile. What the API changes in a way
// that breaks such a program, breaks this one.
import { read } from "./http";

export async function names(words: string): Promise<string[]> {
  const found = await read("/v1/search", { q: words, limit: 5, type: "all" });
  return found.data.map((row) => {
    if ("person" in row) {
      const rank: number | null | undefined = row.rank;
      return `${row.person.name ?? row.person.id} ${rank ?? "unranked"}`;
    }
    return row.community.labels.join(" ");
  });
}

/** The people who are gone since a cursor, and the next one. */
export async function gone(cursor: string): Promise<{ profiles: string[]; next: string }> {
  const page = await read("/v1/changes", { cursor, kind: ["gone"] });
  const events = page.data.filter((event) => event.change.type === "gone");
  return { profiles: events.map((event) => event.profile ?? "unknown"), next: page.next_cursor };
}

export async function affordable(): Promise<boolean> {
  const balance = await read("/v1/balance");
  // @ts-expect-error: an amount is a text, since a number may lose digits.
  const wrong: number = balance.data.available;
  return Number(balance.data.available) > 0 && wrong !== 0;
}

// @ts-expect-error: there is no such route.
void read("/v1/weather");
// @ts-expect-error: a search takes words.
void read("/v1/search", { limit: 5 });
