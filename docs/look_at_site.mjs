// Looks at every page of the built site in Chromium: no page is wider than a desktop or a phone, and
// axe, an accessibility check, finds nothing in light or dark. `nox -s site` installs what it takes.
//
//   node docs/look_at_site.mjs SITE [CHROMIUM]    (playwright-core and axe-core in NODE_PATH)

import { readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";

const [site, executablePath] = process.argv.slice(2);
const require = createRequire(join(process.env.NODE_PATH, "looks.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TYPES = { css: "text/css", html: "text/html", js: "text/javascript", svg: "image/svg+xml" };
const LOOKS = [
  { colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { colorScheme: "light", viewport: { width: 390, height: 844 } },
];

const isFolder = (path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function answer(request, response) {
  const asked = join(site, new URL(request.url, "http://site").pathname);
  const file = isFolder(asked) ? join(asked, "index.html") : asked;
  try {
    const content = readFileSync(file);
    response.writeHead(200, { "Content-Type": TYPES[file.split(".").pop()] ?? "application/octet-stream" });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

async function faultsOf(page) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const told = violations.map(({ id, nodes }) => `${id}, ${nodes.length} times, such as ${nodes[0].html.slice(0, 100)}`);
  return wide > 0 ? [`${wide} pixels too wide`, ...told] : told;
}

const server = createServer(answer).listen(0, "127.0.0.1");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const pages = readdirSync(site).filter((name) => isFolder(join(site, name)) && readdirSync(join(site, name)).includes("index.html"));
let found = 0;
for (const look of LOOKS) {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  for (const name of ["", ...pages]) {
    const path = name === "" ? "" : `${name}/`;
    await page.goto(`http://127.0.0.1:${server.address().port}/${path}`, { waitUntil: "load" });
    for (const fault of await faultsOf(page)) {
      console.error(`${name || "index"}, ${look.colorScheme}, ${look.viewport.width} pixels: ${fault}`);
      found += 1;
    }
  }
  await context.close();
}
await browser.close();
server.close();
console.log(`${pages.length + 1} pages, ${found} faults`);
process.exitCode = found > 0 ? 1 : 0;
