#!/bin/sh
# The nvg command in a container: what ./nvg does, without building.
# With huge pages the kernel hands large tensors out in 2 MiB steps.
export GLIBC_TUNABLES="${GLIBC_TUNABLES-glibc.malloc.hugetlb=1}"
exec /usr/share/dotnet/dotnet /opt/nvg/app/Nvg.Cli.dll "$@"
