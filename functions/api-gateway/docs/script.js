// Shows /openapi.json: every route with its parameters, its answer and a way to try it.
"use strict";

function element(name, text, children = []) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function resolve(spec, schema) {
  return schema?.$ref ? spec.components.schemas[schema.$ref.split("/").pop()] : schema;
}

// An example value of a schema; `depth` ends schemas that contain themselves.
function example(spec, schema, depth = 0) {
  const found = resolve(spec, schema) ?? {};
  if (found.example !== undefined) return found.example;
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

function parameterRow(parameter) {
  const input = element("input");
  input.name = parameter.name;
  input.dataset.place = parameter.in;
  input.placeholder = parameter.example ?? parameter.schema?.example ?? "";
  const label = element("label", parameter.name + (parameter.required ? " *" : ""));
  const cells = [[label], [input], [parameter.description ?? ""]];
  return element("tr", "", cells.map((cell) => element("td", "", cell)));
}

async function send(method, path, form, output) {
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.place === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.append(input.name, input.value);
  }
  const headers = {};
  const key = document.getElementById("key").value.trim();
  if (key) headers.authorization = `Bearer ${key}`;
  const body = form.querySelector("textarea")?.value;
  if (body) headers["content-type"] = "application/json";
  const url = query.size ? `${path}?${query}` : path;
  const answer = await fetch(url, { method: method.toUpperCase(), headers, body });
  const text = await answer.text();
  let shown = text;
  try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: shown as it is */ }
  const cost = ["borg-cost", "borg-units"].map((name) => answer.headers.get(name)).filter(Boolean);
  output.textContent = `${method.toUpperCase()} ${url}\n${answer.status}  cost ${cost.join(" for ")}\n\n${shown}`;
}

function route(spec, method, path, operation) {
  const summary = element("summary", "", [element("code", `${method.toUpperCase()} ${path}`), " ", element("span", operation.summary ?? "")]);
  const form = element("form", "", [element("table", "", (operation.parameters ?? []).map(parameterRow))]);
  const body = operation.requestBody?.content?.["application/json"]?.schema;
  if (body) {
    const area = element("textarea", JSON.stringify(example(spec, body)));
    area.rows = 3;
    form.append(area);
  }
  const output = element("pre");
  form.append(element("button", "Try it"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(method, path, form, output).catch((error) => { output.textContent = String(error); });
  });
  const answer = operation.responses?.["200"]?.content?.["application/json"]?.schema;
  if (answer) output.textContent = JSON.stringify(example(spec, answer), null, 2);
  return element("details", "", [summary, element("p", operation.description ?? ""), form, output]);
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
  document.getElementById("about").textContent = spec.info.description;
  const groups = new Map();
  for (const [path, methods] of Object.entries(spec.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? "other";
      groups.set(tag, [...(groups.get(tag) ?? []), route(spec, method, path, operation)]);
    }
  }
  const sections = [...groups].map(([tag, routes]) => element("section", "", [element("h2", tag), ...routes]));
  document.getElementById("routes").replaceChildren(...sections);
  errors(spec);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

show();
