#!/usr/bin/env bash
# Checks the managed door on a system that has only the .NET runtime: build/check-managed.sh SUITE
#
#   build/check-managed.sh trixie
#
# Needs root and debootstrap. Makes a minimal tree of the Debian suite (in NVG_DEBIAN_TREE, .build/debian-SUITE-bare by default; an
# existing tree is reused), builds an application with the packages and libtorch from NuGet outside, and runs it in the tree,
# which has no compiler, no libtorch and no libvips. It generates the recorded image, reconstructs it and serves it. Then the .NET tool
# follows the instructions in docs/doors.md: it restores libtorch, tests itself, and generates images; it also compares the reference
# numbers. Nothing outside the tree changes except the package cache: the mounts end with the script. NVG_PACKAGES names a folder of
# packages that have already been made.
set -euo pipefail

root=$(readlink -f -- "${BASH_SOURCE[0]}")
root=${root%/build/*}
source "$root/build/debian-tree.sh"

fail() {
  echo "check-managed: $*" >&2
  exit 1
}

(($# == 1)) || fail "usage: build/check-managed.sh SUITE"
((EUID == 0)) || fail "must run as root: it makes a tree of Debian and mounts folders into it"
suite=$1
tree=${NVG_DEBIAN_TREE:-$root/.build/debian-$suite-bare}
runtime=${DOTNET_ROOT:-$(dotnet --list-runtimes | sed -n 's/^Microsoft.AspNetCore.App .*\[\(.*\)\/shared\/.*/\1/p' | head -n 1)}
[[ -x $runtime/dotnet ]] || fail "no dotnet in $runtime: set DOTNET_ROOT"

# What .NET needs.
debian_tree "$tree" "$suite" ca-certificates,libstdc++6
for present in usr/bin/g++ usr/bin/cmake usr/lib/x86_64-linux-gnu/libtorch_cpu.so usr/lib/x86_64-linux-gnu/libvips.so.42; do
  [[ ! -e $tree/$present ]] || fail "$tree has /$present: the tree must be bare"
done

folder=$(mktemp -d -- "$tree/opt/nvg.XXXXXXXX")
trap 'rm -rf -- "$folder"' EXIT
packages=${NVG_PACKAGES:-$folder/packages}
if [[ -z ${NVG_PACKAGES:-} ]]; then
  for project in Nvg.Torch Nvg.Imaging Nvg Nvg.Server Nvg.Cli; do
    dotnet pack "$root/src/$project" -c Release -o "$packages" -p:NvgSkipNative=true >"$folder/pack.log" 2>&1 || {
      cat -- "$folder/pack.log" >&2
      fail "$project cannot be packed"
    }
  done
fi
version=$(sed -n 's/.*<Version>\(.*\)<\/Version>.*/\1/p' "$root/Directory.Build.props")
mkdir -- "$folder/consumer" "$folder/out"
cp -- "$root/build/managed/"*.cs "$root/build/managed/"*.csproj "$folder/consumer"
cp -R -- "$root/models/nvg-cifar10" "$folder/model"
cp -- "$root/models/nvg-cifar10/recorded.nvg" "$folder/recorded.nvg"
# Ignores the checkout's own build settings, because the tree may be inside the checkout.
outside=(-p:ImportDirectoryBuildProps=false -p:ImportDirectoryBuildTargets=false -p:ImportDirectoryPackagesProps=false)
# An empty cache for our own packages, so that none of an earlier run is used; other packages come from the usual cache.
NUGET_FALLBACK_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages} NUGET_PACKAGES=$folder/cache \
  dotnet publish "$folder/consumer" -c Release -r linux-x64 --no-self-contained -o "$folder/app" "-p:NvgVersion=$version" \
  "${outside[@]}" "-p:RestoreAdditionalProjectSources=$packages" >"$folder/build.log" 2>&1 || {
  cat -- "$folder/build.log" >&2
  fail "an application with the packages does not build"
}
[[ ! -e $folder/app/libnvg_torch.so ]] || fail "the application has a compiled library"
dotnet tool install Nvg.Cli --version "$version" --tool-path "$folder/tools" --add-source "$packages" >"$folder/tool.log" 2>&1 || {
  cat -- "$folder/tool.log" >&2
  fail "the tool cannot be installed"
}
cp -R -- "$root/tests/fixtures" "$folder/fixtures"

cache=${NUGET_PACKAGES:-$HOME/.nuget/packages}
export tree folder runtime cache
mkdir -p -- "$tree/opt/dotnet" "$tree/root/.nuget/packages"
unshare --mount --propagation private bash -euc '
  mount --bind -o ro "$runtime" "$tree/opt/dotnet"
  mount --bind "$cache" "$tree/root/.nuget/packages"
  # The certificates of this machine, which may be behind a proxy.
  mount --bind -o ro /etc/ssl "$tree/etc/ssl"
  mount --rbind /dev "$tree/dev"
  mount -t proc proc "$tree/proc"
  mount -t tmpfs tmpfs "$tree/tmp"
  inside=/opt/${folder##*/}
  chroot "$tree" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin:/opt/dotnet DOTNET_ROOT=/opt/dotnet \
    DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 \
    bash -euo pipefail -c '\''
      . /etc/os-release
      echo "$PRETTY_NAME, application with libtorch: $(du -shL "$1/app" | cut -f1)"
      dotnet "$1/app/Consumer.dll" "$1/model" "$1/recorded.nvg" "$1/out"
      cd -- "$1/out"
      # As docs/doors.md says for a system without libicu.
      export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
      ../tools/nvg doctor --fetch-libtorch --self-test
      ../tools/nvg generate --class river --count 16 --seed 7 -o rivers.png
      ../tools/nvg verify ../fixtures | tail -n 1
      ls -l
    '\'' bash "$inside"
'
