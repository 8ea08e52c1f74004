#!/bin/sh
# Renews server/vendored/graphiql from npm: the exact versions below, unmodified, with licences and sums.
# Needs npm, node, tar. Which registry answers is npm's own configuration; no address stands here.
# To move to another version: change it here, run, read the diff of VENDORED.md, run the browser test.
set -eu

GRAPHIQL=4.1.2 # the last line with a UMD build; 5.x needs a bundler
REACT=18.3.1   # the last line with a UMD build
FIRA_CODE=5.3.0 # only for its licence: GraphiQL's css embeds the font without it
# graphiql.min.js holds other packages, whose versions it does not tell. Their licences are taken from what
# npm resolves up to this day, which is the day after GraphiQL's release.
BEFORE=2026-03-11

here=$(cd "$(dirname "$0")" && pwd)
out="$here/graphiql"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm pack --silent "graphiql@$GRAPHIQL" "react@$REACT" "react-dom@$REACT" "@fontsource/fira-code@$FIRA_CODE" >packed
while read -r archive; do
    mkdir "${archive%.tgz}"
    tar -xzf "$archive" -C "${archive%.tgz}" --strip-components=1
done <packed

mkdir bundled
echo '{"private": true}' >bundled/package.json
(cd bundled && npm install --silent --ignore-scripts --no-audit --no-fund --no-package-lock --before="$BEFORE" \
    "graphiql@$GRAPHIQL" "react@$REACT" "react-dom@$REACT" graphql@16 graphql-ws@6)

rm -rf "$out"
mkdir -p "$out"
cp "graphiql-$GRAPHIQL/graphiql.min.js" "graphiql-$GRAPHIQL/graphiql.min.css" "$out/"
cp "react-$REACT/umd/react.production.min.js" "$out/"
cp "react-dom-$REACT/umd/react-dom.production.min.js" "$out/"
cp "graphiql-$GRAPHIQL/LICENSE" "$out/LICENSE.graphiql.txt"
cp "react-$REACT/LICENSE" "$out/LICENSE.react.txt"
cp "react-dom-$REACT/LICENSE" "$out/LICENSE.react-dom.txt"
cp "fontsource-fira-code-$FIRA_CODE/LICENSE" "$out/LICENSE.fira-code.txt"

node - "graphiql-$GRAPHIQL/graphiql.min.js.map" bundled/node_modules >"$out/LICENSES.bundled.txt" <<'JS'
const fs = require("fs");
const path = require("path");
const [, , map, modules] = process.argv;
// GraphiQL's own monorepo names its packages by folder.
const folders = {
  "graphiql-toolkit": "@graphiql/toolkit",
  "graphiql-react": "@graphiql/react",
  "graphiql-plugin-history": "@graphiql/plugin-history",
  "graphiql-plugin-doc-explorer": "@graphiql/plugin-doc-explorer",
};
const names = new Set();
for (const source of JSON.parse(fs.readFileSync(map)).sources) {
  const module = [...source.matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g)].pop();
  const folder = source.match(/^\.\.\/\.\.\/([^./][^/]*)\//);
  if (module) names.add(module[1]);
  else if (folder) names.add(folders[folder[1]] ?? folder[1]);
}
const texts = new Map();
const list = [];
for (const name of [...names].sort()) {
  const folder = path.join(modules, name);
  const { version, license } = JSON.parse(fs.readFileSync(path.join(folder, "package.json")));
  list.push(`${name} ${version}: ${license}`);
  const files = fs.readdirSync(folder).filter((file) => /^licen[cs]e/i.test(file));
  const text = files.map((file) => fs.readFileSync(path.join(folder, file), "utf8").trim()).join("\n\n");
  const key = text || `(The package carries no licence file; its package.json says ${license}.)`;
  texts.set(key, [...(texts.get(key) ?? []), name]);
}
const line = "=".repeat(80);
console.log("Packages inside graphiql.min.js, by its source map, with the versions npm resolves for its release:\n");
console.log(list.join("\n"));
console.log("\nFonts inside graphiql.min.css: Roboto 2.137 (Copyright 2011 Google Inc., Apache-2.0: the text");
console.log("stands below under @react-aria) and Fira Code 5.002 (OFL-1.1: LICENSE.fira-code.txt).");
for (const [text, owners] of texts) console.log(`\n${line}\n${owners.join(", ")}\n${line}\n\n${text}`);
JS

sum() { sha256sum "$out/$1" | cut -d' ' -f1; }
row() { echo "| $1 | $2 | $3 | $4 | \`$(sum "$1")\` |"; }
{
    echo '# Vendored: GraphiQL'
    echo
    echo 'Unmodified files of npm packages, so that GraphiQL runs without a request to any other host.'
    echo 'Written by `server/vendored/renew-graphiql.sh`, which is how to renew them; do not edit by hand.'
    echo
    echo '| file | package | version | licence | sha256 |'
    echo '|---|---|---|---|---|'
    row graphiql.min.js graphiql "$GRAPHIQL" 'MIT; bundled packages: LICENSES.bundled.txt'
    row graphiql.min.css graphiql "$GRAPHIQL" 'MIT; fonts: Roboto Apache-2.0, Fira Code OFL-1.1'
    row react.production.min.js react "$REACT" MIT
    row react-dom.production.min.js react-dom "$REACT" MIT
    row LICENSE.graphiql.txt graphiql "$GRAPHIQL" 'licence text'
    row LICENSE.react.txt react "$REACT" 'licence text'
    row LICENSE.react-dom.txt react-dom "$REACT" 'licence text'
    row LICENSE.fira-code.txt @fontsource/fira-code "$FIRA_CODE" 'licence text'
    row LICENSES.bundled.txt 'those it lists' 'as listed' 'licence texts'
    echo
    echo '`graphiql.min.js` ends with `sourceMappingURL=index.umd.js.map`: a relative address which only developer'
    echo 'tools ask for. The map (4.7 MB) is not vendored, so they get a 404 from this host and nothing else.'
    echo 'The fonts and images of the css are `data:` addresses. GraphiQL 4 has no monaco and no worker.'
} >"$out/VENDORED.md"
ls -l "$out"
