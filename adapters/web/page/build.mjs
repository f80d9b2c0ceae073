// Builds the page into ../built: scripts, a style sheet, fonts, each under a name made from its content,
// beside compressed copies of them.
import { build } from "esbuild";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const here = import.meta.dirname;
const built = join(here, "..", "built");
const assets = join(built, "assets");

await rm(built, { recursive: true, force: true });
await mkdir(assets, { recursive: true });

const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ["src/main.tsx", "src/style.css"],
  outdir: assets,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  splitting: true,
  assetNames: "[name]-[hash]",
  loader: { ".woff2": "file" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "linked",
  metafile: true,
  logLevel: "warning",
});

const outputOf = (entry) =>
  basename(Object.entries(metafile.outputs).find(([, output]) => output.entryPoint === entry)[0]);
// What the first script needs at once is asked for together with it, not after it has been read.
const main = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint === "src/main.tsx");
const needed = main.imports.filter(({ kind }) => kind === "import-statement").map(({ path }) => basename(path));
const page = (await readFile(join(here, "src", "index.html"), "utf8"))
  .replace("{{script}}", `/assets/${outputOf("src/main.tsx")}`)
  .replace("{{style}}", `/assets/${outputOf("src/style.css")}`)
  .replace("{{needed}}", needed.map((name) => `<link rel="modulepreload" href="/assets/${name}">`).join("\n    "));
await writeFile(join(built, "index.html"), page);

let sent = 0;
for (const folder of [built, assets]) {
  for (const name of await readdir(folder)) {
    if (!/\.(html|js|css|txt)$/.test(name)) continue;
    const path = join(folder, name);
    const content = await readFile(path);
    const brotli = brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
    await writeFile(`${path}.br`, brotli);
    await writeFile(`${path}.gz`, gzipSync(content, { level: 9 }));
    if (!name.endsWith(".txt")) sent += brotli.length;
  }
}
console.log(`built: ${(sent / 1000).toFixed(1)} kB compressed, without fonts`);
