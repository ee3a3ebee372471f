#!/usr/bin/env bash
# Checks the packages as a user would use them: packs them, restores them into a project outside the repository, and
# installs the tool; both generate an image. With the argument FOLDER, it checks the existing packages in that folder.
set -euo pipefail

root=$(readlink -f -- "${BASH_SOURCE[0]}")
root=${root%/build/*}
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

fail() {
  echo "check-packages: $*" >&2
  exit 1
}

# A PNG file of at least a kilobyte.
require_image() {
  [[ -s $1 && $(head -c 4 -- "$1" | tail -c 3) == PNG && $(stat -c %s -- "$1") -gt 1000 ]] || fail "$1 is not an image"
  echo "$2: $(stat -c %s -- "$1") bytes"
}

packages=${1:-}
if [[ -n $packages ]]; then
  packages=$(cd -- "$packages" && pwd)
else
  packages=$folder/packages
  "$root/build/pack.sh" "$packages"
fi
version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' "$root/Directory.Build.props")
for name in Nvg.Torch Nvg.Imaging Nvg Nvg.Data Nvg.Training Nvg.Evaluation Nvg.Server Nvg.Extensions.AI Nvg.Cli Nvg.Native.linux-x64; do
  [[ -e $packages/$name.$version.nupkg ]] || fail "there is no $name.$version.nupkg"
done

# An empty cache for our own packages, so that none of an earlier run is used; other packages come from the usual cache.
export NUGET_PACKAGES=$folder/cache NUGET_FALLBACK_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
unset NVG_NATIVE NVG_MODEL NVG_VIPS

mkdir -- "$folder/consumer"
cp -- "$root/build/consumer/"* "$folder/consumer"
cp -R -- "$root/models/nvg-eurosat" "$folder/model"
cd -- "$folder/consumer"
dotnet build -c Release -o "$folder/out" -nodeReuse:false -p:UseSharedCompilation=false "-p:NvgVersion=$version" \
  "-p:RestoreAdditionalProjectSources=$packages" >"$folder/build.log" 2>&1 || {
  cat -- "$folder/build.log" >&2
  fail "an application with the packages does not build"
}
dotnet "$folder/out/Consumer.dll" "$folder/model" "$folder/consumer.png"
require_image "$folder/consumer.png" "image of an application with the packages"

dotnet tool install Nvg.Cli --version "$version" --tool-path "$folder/tools" --add-source "$packages" >"$folder/tool.log" 2>&1 || {
  cat -- "$folder/tool.log" >&2
  fail "the tool cannot be installed"
}
cd -- "$folder"
"$folder/tools/nvg" doctor
"$folder/tools/nvg" generate --class river --seed 7 -o tool.png
require_image "$folder/tool.png" "image of the tool"
