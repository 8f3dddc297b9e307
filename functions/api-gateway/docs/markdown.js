// The markdown of the document, as nodes: paragraphs, lists, `code`, **bold** and [links](…). Text stays text.

export function element(name, text, children = []) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function inline(text) {
  const parts = text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\([^)\s]+\))/);
  return parts.filter(Boolean).map((part) => {
    if (part.startsWith("`")) return element("code", part.slice(1, -1));
    if (part.startsWith("**")) return element("strong", part.slice(2, -2));
    const [, name, place] = part.match(/^\[([^\]]+)\]\(([^)\s]+)\)$/) ?? [];
    if (!place || !/^(#|\/)/.test(place)) return document.createTextNode(name ?? part);
    const link = element("a", name);
    link.href = place;
    return link;
  });
}

export function markdown(text) {
  const blocks = (text ?? "").trim().split(/\n\s*\n/).filter(Boolean);
  return blocks.map((block) => {
    const lines = block.split("\n");
    if (lines.every((line) => /^[-*] /.test(line))) {
      return element("ul", "", lines.map((line) => element("li", "", inline(line.slice(2)))));
    }
    return element("p", "", inline(lines.join(" ")));
  });
}
