// Runs examples in TypeScript, which are as good in JavaScript: one line of JSON each, with its source and the address
// of the API. Prints what each ended with.
import { createInterface } from "node:readline";

console.log = () => {};
for await (const line of createInterface({ input: process.stdin })) {
  const { source, url } = JSON.parse(line);
  process.env.BORG_URL = url;
  let error = null;
  try {
    await import(`data:text/javascript,${encodeURIComponent(`${source}\n// ${url}`)}`);
  } catch (thrown) {
    error = String(thrown);
  }
  process.stdout.write(`${JSON.stringify({ error })}\n`);
}
