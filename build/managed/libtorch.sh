#!/usr/bin/env bash
# Prints the folder of the libtorch of the package that build/managed/Consumer.csproj references; restores it first.
set -euo pipefail

folder=$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")
version=$(sed -n 's/.*Include="libtorch-cpu-linux-x64" Version="\([^"]*\)".*/\1/p' "$folder/Consumer.csproj")
library=${NUGET_PACKAGES:-$HOME/.nuget/packages}/libtorch-cpu-linux-x64/$version/runtimes/linux-x64/native
if [[ ! -e $library/libtorch_cpu.so ]]; then
  # A project with this package alone: those of the repository need not be packed for it.
  work=$(mktemp -d)
  trap 'rm -rf -- "$work"' EXIT
  cat >"$work/libtorch.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="libtorch-cpu-linux-x64" Version="$version" /></ItemGroup>
</Project>
XML
  dotnet restore "$work/libtorch.csproj" >&2
fi
echo "$library"
