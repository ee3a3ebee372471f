#!/bin/sh
# The nvg command in a container: does what ./nvg does, without building.
# With huge pages, the kernel provides memory for large tensors in 2 MiB steps.
export GLIBC_TUNABLES="${GLIBC_TUNABLES-glibc.malloc.hugetlb=1}"
exec /usr/share/dotnet/dotnet /opt/nvg/app/Nvg.Cli.dll "$@"
