#!/usr/bin/env bash
# Builds the documentation site with the API reference: build/site.sh [--serve]
#
# Writes .build/site/html, plain files that any web server can deliver. Fails if a link within the documents is broken.
set -euo pipefail
root=$(readlink -f -- "${BASH_SOURCE[0]}")
root=${root%/build/*}
cd -- "$root"
dotnet tool restore >/dev/null

# docfx resolves links within one folder only, so the documents and what they link to are copied beside the start page.
site=$root/.build/site
rm -rf -- "$site"
mkdir -p -- "$site/pages"
git ls-files -z -- '*.md' LICENSE Containerfile docs models/*/README.md examples configs build tests/fixtures tests/peers deploy native benchmarks |
  xargs -0 cp --parents -t "$site/pages" --
mv -- "$site"/pages/docs/site/* "$site/pages/"
rmdir -- "$site/pages/docs/site"
cd -- "$site/pages"
sed -i "s|\"../../src\"|\"$root/src\"|" docfx.json
(cd -- "$root" && dotnet docfx metadata "$site/pages/docfx.json" --logLevel warning)
(cd -- "$root" && dotnet docfx build "$site/pages/docfx.json" --logLevel warning --warningsAsErrors "$@")
echo "$site/html/index.html"
