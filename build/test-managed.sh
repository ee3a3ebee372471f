#!/usr/bin/env bash
# Runs the tests of the libraries with the managed door (docs/doors.md): build/test-managed.sh [ARGUMENTS OF dotnet test…]
#
# Restores libtorch from NuGet (128 MB, kept in the package cache), or uses the folder that NVG_LIBTORCH names. Leaves out tests of
# features that only the compiled door has, such as gradients.
set -euo pipefail

root=$(readlink -f -- "${BASH_SOURCE[0]}")
root=${root%/build/*}
cd -- "$root"
export NVG_LIBTORCH=${NVG_LIBTORCH:-$("$root/build/managed/libtorch.sh")} NVG_DOOR=managed
for project in Nvg.Torch.Tests Nvg.Tests; do
  dotnet test "tests/$project" -c Release -p:NvgSkipNative=true --filter 'Door!=compiled' "$@"
done
dotnet test tests/Nvg.Verification.Tests -c Release -p:NvgSkipNative=true --filter ManagedDoor "$@"
