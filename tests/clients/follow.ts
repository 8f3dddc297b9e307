// A client that keeps a copy of the person of each profile: it begins with an export, follows the change stream over
// a connection that breaks, and in the end has what a fresh export has. Meanwhile people opt out, and another run is made.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import type { components } from "./api";
import { answered } from "./http";

type Schemas = components["schemas"];
type Event = Schemas["EventView"];
type Page = Schemas["Changes"];

/** How many profiles opt out. */
const OPT_OUTS = 6;

/** The same chances at each run. */
let seed = 5;
function chance(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}

/** The person that was made for a profile: it has the same number. */
function ownPerson(profile: string): string {
  return profile.replace("prf_", "per_");
}

/** Profiles with their persons, and the place in the stream up to which they are right. */
class Copy {
  private seq = 0;
  constructor(readonly persons: Map<string, string>, private cursor: string) {}

  /** Reads the next page, and takes it over with its cursor: all of it, or nothing. Whether there was something. */
  async follow(): Promise<boolean> {
    const page = await readPage(this.cursor);
    for (const event of page.data.filter((event) => event.seq > this.seq)) {
      this.apply(event);
      this.seq = event.seq;
    }
    this.cursor = page.next_cursor;
    return page.data.length > 0;
  }

  private apply({ change, profile }: Event): void {
    if (!profile) return;
    switch (change.type) {
      case "gone":
        this.persons.delete(profile);
        // With the profile that a person is named after the person ends: the others are on their own, until more is said.
        for (const [other, person] of this.persons) {
          if (person === ownPerson(profile)) this.persons.set(other, ownPerson(other));
        }
        break;
      case "joined":
        for (const other of change.profiles) this.move(other, ownPerson(profile));
        break;
      case "parted":
        for (const other of change.profiles) {
          if (this.persons.get(other) === ownPerson(profile)) this.move(other, ownPerson(other));
        }
        break;
    }
  }

  private move(profile: string, person: string): void {
    if (this.persons.has(profile)) this.persons.set(profile, person);
  }
}

let broken = 0;

/** A page of the stream. The connection breaks while it is read, as chance has it; then it is asked for again. */
async function readPage(cursor: string): Promise<Page> {
  for (;;) {
    const limit = 1 + Math.floor(chance() * 40);
    const query = new URLSearchParams({ cursor, limit: String(limit), kind: "gone,joined,parted" });
    const control = new AbortController();
    const answer = await answered(`/v1/changes?${query}`, { signal: control.signal });
    if (chance() < 0.3) {
      broken += 1;
      control.abort();
      await assert.rejects(answer.text());
      continue;
    }
    return (await answer.json()) as Page;
  }
}

/** The profiles of a fresh export, with their persons. */
async function exported(): Promise<Map<string, string>> {
  const order = JSON.stringify({ what: "profiles", format: "ndjson" });
  const ordered = await answered("/v1/exports", { method: "POST", body: order });
  const { id } = ((await ordered.json()) as { data: Schemas["Export"] }).data;
  const path = "/v1/exports/{id}" as const;
  let state = "queued";
  for (let tries = 0; state !== "done"; tries += 1) {
    assert.ok(tries < 300 && state !== "failed", `${id} is ${state}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    state = ((await (await answered(path.replace("{id}", id))).json()) as { data: Schemas["Export"] }).data.state;
  }
  const links = await answered(`/v1/exports/${id}/links`, { method: "POST", body: "{}" });
  const persons = new Map<string, string>();
  for (const { url } of ((await links.json()) as { data: Schemas["ExportLink"][] }).data) {
    assert.ok(url);
    const file = await fetch(new URL(url, process.env.BORG_URL));
    const text = gunzipSync(Buffer.from(await file.arrayBuffer())).toString();
    for (const line of text.split("\n").filter((line) => line)) {
      const { profile, person } = JSON.parse(line) as { profile: string; person: string };
      persons.set(profile, person);
    }
  }
  return persons;
}

function borg(...words: string[]): void {
  const { BORG, DEMO_HOME } = process.env;
  assert.ok(BORG && DEMO_HOME);
  execFileSync(BORG, words, { env: { ...process.env, BORG_HOME: DEMO_HOME }, stdio: "ignore" });
}

/** Some whose person has several profiles, one of them after which it is named; and some others. */
function whoOptsOut(persons: Map<string, string>): string[] {
  const joined = [...persons].filter(([profile, person]) => person !== ownPerson(profile));
  assert.ok(joined.length >= 4, "the demo has people with several profiles");
  const [first, second, third] = joined as [[string, string], [string, string], [string, string]];
  const named = [first, second].map(([, person]) => person.replace("per_", "prf_"));
  const rest = [...persons.keys()].filter((profile) => !named.includes(profile) && profile !== third[0]);
  return [...named, third[0], ...rest.slice(-(OPT_OUTS - 3))];
}

// The place comes first: what happens while the export is written is in the stream after it.
const now = await answered("/v1/consumers/copy", { method: "PUT", body: JSON.stringify({ from: "now" }) });
const { cursor } = ((await now.json()) as { data: Schemas["Consumer"] }).data;
assert.ok(cursor);
const copy = new Copy(await exported(), cursor);
const before = copy.persons.size;
for (const profile of new Set(whoOptsOut(copy.persons))) {
  borg("operate", "opt-out", profile);
  await copy.follow();
}
borg("score");
const fresh = await exported();
// Events get their places once older transactions are over.
for (let idle = 0; idle < 20; idle = (await copy.follow()) ? 0 : idle + 1) {
  await new Promise((resolve) => setTimeout(resolve, 50));
}
const sorted = (persons: Map<string, string>) => [...persons].sort();
assert.deepEqual(sorted(copy.persons), sorted(fresh));
assert.ok(before - fresh.size >= OPT_OUTS && broken > 0, `${before} ${fresh.size} ${broken}`);
console.log(`the copy equals the export: ${fresh.size} profiles, ${before - fresh.size} gone, ${broken} broken connections`);
