// Shows /openapi.json: every route with what it takes and answers, examples in three languages, and a way to try it.
import { element, markdown } from "/docs/markdown.js";

const LANGUAGES = ["curl", "Python", "TypeScript"];
let language = LANGUAGES[0];

function resolve(spec, part) {
  if (!part?.$ref) return part ?? {};
  return part.$ref.slice(2).split("/").reduce((at, name) => at?.[name], spec) ?? {};
}

// An example value of a schema; `depth` ends schemas that contain themselves.
function example(spec, schema, depth = 0) {
  const found = resolve(spec, schema);
  if (found.example !== undefined) return found.example;
  if (found.examples?.length) return found.examples[0];
  if (depth > 6) return null;
  if (found.allOf) return Object.assign({}, ...found.allOf.map((part) => example(spec, part, depth + 1)));
  const choice = (found.oneOf ?? found.anyOf)?.find((one) => one.type !== "null");
  if (choice) return example(spec, choice, depth + 1);
  if (found.enum) return found.enum[0];
  const type = [found.type].flat().find((one) => one && one !== "null");
  if (type === "array") return found.items ? [example(spec, found.items, depth + 1)] : [];
  if (found.properties) {
    const entries = Object.entries(found.properties);
    return Object.fromEntries(entries.map(([name, one]) => [name, example(spec, one, depth + 1)]));
  }
  return { string: "…", integer: 0, number: 0.5, boolean: true }[type] ?? null;
}

function table(heads, rows) {
  const head = element("tr", "", heads.map((text) => {
    const cell = element("th", text);
    cell.scope = "col";
    return cell;
  }));
  const body = rows.map((cells) => element("tr", "", cells.map((cell) => element("td", "", [cell].flat()))));
  const made = element("table", "", [element("thead", "", [head]), element("tbody", "", body)]);
  const frame = element("div", "", [made]);
  frame.className = "table";
  // It scrolls where it is wide, with the keyboard too.
  frame.tabIndex = 0;
  return frame;
}

function kind(spec, schema) {
  const found = resolve(spec, schema);
  if (found.enum) return found.enum.join(" | ");
  const type = [found.type ?? ""].flat().filter((one) => one !== "null").join(" or ");
  const bounds = [found.minimum, found.maximum].some((one) => one !== undefined) ? ` ${found.minimum ?? ""} to ${found.maximum ?? ""}` : "";
  return (found.format && found.format !== "int32" && found.format !== "int64" ? found.format : type) + bounds;
}

function fields(spec, id, parameters) {
  return parameters.map((given, at) => {
    const parameter = resolve(spec, given);
    const input = element("input");
    Object.assign(input, { name: parameter.name, id: `${id}-${at}`, autocomplete: "off" });
    input.dataset.place = parameter.in;
    input.required = parameter.required === true;
    const value = parameter.example ?? resolve(spec, parameter.schema).example;
    if (parameter.required && value !== undefined) input.value = value;
    else if (value !== undefined) input.placeholder = value;
    const label = element("label", parameter.name + (parameter.required ? " (needed)" : ""));
    label.htmlFor = input.id;
    return [[label], [input], [`${kind(spec, parameter.schema)}${parameter.in === "header" ? ", a header" : ""}`], markdown(parameter.description)];
  });
}

function request(method, path, form) {
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll("input")) {
    const value = input.value.trim();
    if (input.dataset.place === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(value));
    else if (value && input.dataset.place === "header") headers[input.name] = value;
    else if (value) query.append(input.name, value);
  }
  const key = document.getElementById("key").value.trim();
  if (key) headers.authorization = `Bearer ${key}`;
  const body = form.querySelector("textarea")?.value;
  if (body) headers["content-type"] = "application/json";
  return { url: query.size ? `${path}?${query}` : path, options: { method: method.toUpperCase(), headers, body } };
}

async function send(method, path, form, output) {
  const { url, options } = request(method, path, form);
  output.textContent = `${options.method} ${url}\n…`;
  const answer = await fetch(url, options);
  const text = await answer.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
  const said = ["borg-cost", "borg-units", "borg-charge-id"].map((name) => [name, answer.headers.get(name)]);
  const lines = said.filter(([, value]) => value).map(([name, value]) => `${name}: ${value}`);
  output.textContent = [`${options.method} ${url}`, answer.status, ...lines, "", shown].join("\n");
  output.dataset.status = answer.status;
}

// Three tabs; all operations show the language that was chosen last.
function samples(operation, id) {
  const given = operation["x-codeSamples"] ?? [];
  if (!given.length) return [];
  const list = element("div");
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Example");
  const panel = element("pre");
  panel.id = `${id}-sample`;
  panel.tabIndex = 0;
  panel.setAttribute("role", "tabpanel");
  const tabs = given.map((sample) => {
    const tab = element("button", sample.label);
    tab.type = "button";
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    tab.addEventListener("click", () => {
      language = sample.label;
      document.dispatchEvent(new Event("language"));
    });
    return tab;
  });
  const show = () => {
    const at = Math.max(0, given.findIndex((sample) => sample.label === language));
    tabs.forEach((tab, index) => {
      tab.setAttribute("aria-selected", String(index === at));
      tab.tabIndex = index === at ? 0 : -1;
    });
    panel.textContent = given[at].source;
    panel.setAttribute("aria-label", `Example in ${given[at].label}`);
  };
  list.addEventListener("keydown", ({ key }) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
    if (!step) return;
    const next = tabs[(tabs.findIndex((tab) => tab.tabIndex === 0) + step + tabs.length) % tabs.length];
    next.click();
    next.focus();
  });
  document.addEventListener("language", show);
  show();
  list.append(...tabs);
  return [element("h4", "Example"), list, panel];
}

function answers(spec, operation) {
  const rows = Object.entries(operation.responses ?? {}).map(([status, given]) => {
    const { description } = resolve(spec, given);
    return [status, markdown(description)];
  });
  const details = element("details", "", [element("summary", "All answers"), table(["Status", "Meaning"], rows)]);
  const whole = Object.values(resolve(spec, operation.responses?.["200"]).content ?? {})[0]?.schema;
  if (!whole) return [details];
  const shown = element("pre", JSON.stringify(example(spec, whole), null, 2));
  shown.tabIndex = 0;
  shown.setAttribute("aria-label", "What it answers");
  return [element("details", "", [element("summary", "What it answers"), shown]), details];
}

function trial(spec, method, path, operation, id) {
  const form = element("form");
  const parameters = operation.parameters ?? [];
  if (parameters.length) form.append(table(["Parameter", "Value", "Form", "Meaning"], fields(spec, id, parameters)));
  const content = operation.requestBody?.content?.["application/json"];
  if (content) {
    const area = element("textarea", JSON.stringify(content.example ?? example(spec, content.schema), null, 2));
    area.id = `${id}-body`;
    const label = element("label", "Body (JSON)");
    label.htmlFor = area.id;
    form.append(label, area);
  }
  const output = element("pre");
  output.setAttribute("role", "status");
  output.hidden = true;
  const button = element("button", "Try it");
  button.className = "primary";
  form.append(button, output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    output.hidden = false;
    output.tabIndex = 0;
    send(method, path, form, output).catch((error) => { output.textContent = String(error); });
  });
  return form;
}

function route(spec, method, path, operation) {
  const id = operation.operationId;
  const name = element("span", method.toUpperCase());
  name.className = "method";
  const title = element("h3", "", [name, element("code", path)]);
  const article = element("article", "", [
    title,
    ...markdown([operation.summary, operation.description].filter(Boolean).join("\n\n")),
    trial(spec, method, path, operation, id),
    ...samples(operation, id),
    ...answers(spec, operation),
  ]);
  article.id = id;
  article.dataset.text = [method, path, id, operation.summary, operation.description, ...(operation.parameters ?? []).map((one) => resolve(spec, one).name)].join(" ").toLowerCase();
  return article;
}

function contents(groups) {
  const link = (article) => {
    const made = element("a", article.querySelector("h3").textContent.replace(/^[A-Z]+/, "$& "));
    made.href = `#${article.id}`;
    const item = element("li", "", [made]);
    item.dataset.of = article.id;
    return item;
  };
  return [...groups].map(([tag, articles]) => element("li", "", [element("strong", tag), element("ul", "", articles.map(link))]));
}

// Hides what has not all the words.
function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const article of document.querySelectorAll("article")) {
    const fits = words.every((word) => article.dataset.text.includes(word));
    article.hidden = !fits;
    document.querySelector(`[data-of="${article.id}"]`).hidden = !fits;
    found += fits;
  }
  for (const group of document.querySelectorAll("#contents > li, #routes > section")) {
    group.hidden = !group.querySelector("article:not([hidden]), [data-of]:not([hidden])");
  }
  document.getElementById("found").textContent = words.length ? `${found} found` : "";
}

// The description of the codes has a line for each: `code` (status): title.
function errors(spec) {
  const list = document.querySelector("#errors dl");
  for (const line of spec.components.schemas.Code.description.split("\n")) {
    const [, name, meaning] = line.match(/^`(\w+)` (.*)$/) ?? [];
    if (!name) continue;
    const term = element("dt", name);
    term.id = name;
    list.append(term, element("dd", meaning));
  }
}

async function show() {
  const spec = await (await fetch("/openapi.json")).json();
  document.getElementById("about").append(...markdown(spec.info.description));
  const groups = new Map();
  for (const [path, methods] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), route(spec, method, path, operation)]);
    }
  }
  const sections = [...groups].map(([tag, routes]) => element("section", "", [element("h2", tag), ...routes]));
  document.getElementById("routes").replaceChildren(...sections);
  document.getElementById("contents").append(...contents(groups));
  document.getElementById("find").addEventListener("input", ({ target }) => find(target.value));
  errors(spec);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show().catch((error) => { document.getElementById("routes").textContent = `The document cannot be read: ${error}`; });
