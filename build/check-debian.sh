#!/usr/bin/env bash
# Runs the README's two commands on another Debian: build/check-debian.sh SUITE [ARGUMENTS OF ./test…]
#
#   build/check-debian.sh trixie                          # generate sixteen images, then the whole suite
#   build/check-debian.sh bookworm --filter Quantizer     # arguments go to ./test
#   NVG_GENERATE_ONLY=1 build/check-debian.sh trixie      # without the suite
#
# Needs root and debootstrap. Makes a minimal tree of the suite (in NVG_DEBIAN_TREE, .build/debian-SUITE by default; an
# existing tree is reused), mounts this machine's .NET SDK and package cache into it, and runs the commands there on a copy
# of the last commit. ./nvg installs everything else. Nothing outside the tree changes: the mounts end with the script.
set -euo pipefail

root=$(readlink -f -- "${BASH_SOURCE[0]}")
root=${root%/build/*}
source "$root/build/debian-tree.sh"

fail() {
  echo "check-debian: $*" >&2
  exit 1
}

(($# >= 1)) || fail "usage: build/check-debian.sh SUITE [ARGUMENTS OF ./test…]"
((EUID == 0)) || fail "must run as root: it makes a tree of Debian and mounts folders into it"
suite=$1
shift
tree=${NVG_DEBIAN_TREE:-$root/.build/debian-$suite}
sdk=$(dirname -- "$(readlink -f -- "$(command -v dotnet)")") || fail "no dotnet on the PATH"
cache=${NUGET_PACKAGES:-$HOME/.nuget/packages}

# Packages that the .NET SDK needs, but that ./nvg does not ask for.
debian_tree "$tree" "$suite" ca-certificates,openssl,libstdc++6,zlib1g

checkout=$(mktemp -d -- "$tree/opt/nvg.XXXXXXXX")
trap 'rm -rf -- "$checkout"' EXIT
git -C "$root" archive HEAD | tar -x -C "$checkout"
mkdir -p -- "$tree/usr/share/dotnet" "$tree/root/.nuget/packages" "$cache"

export tree checkout sdk cache
unshare --mount --propagation private bash -euc '
  mount --bind -o ro "$sdk" "$tree/usr/share/dotnet"
  mount --bind "$cache" "$tree/root/.nuget/packages"
  # The certificates of this machine, which may be behind a proxy.
  mount --bind -o ro /etc/ssl "$tree/etc/ssl"
  mount --rbind /dev "$tree/dev"
  mount -t proc proc "$tree/proc"
  mount -t tmpfs tmpfs "$tree/tmp"
  chroot "$tree" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin:/sbin:/usr/share/dotnet \
    DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 NVG_GENERATE_ONLY="${NVG_GENERATE_ONLY:-}" \
    bash -euc '\''
      cd -- "$1"
      shift
      . /etc/os-release
      echo "$PRETTY_NAME, .NET $(dotnet --version)"
      ./nvg generate --class river --count 16 --seed 7 -o rivers.png
      ./nvg doctor
      [ -n "$NVG_GENERATE_ONLY" ] || ./test "$@"
    '\'' bash "/opt/${checkout##*/}" "$@"
' bash "$@"
