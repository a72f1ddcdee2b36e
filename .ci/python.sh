#!/bin/bash
# python.sh VERSION PREFIX, e.g. python.sh 3.15 ~/.cache/lazyimp-ci/py3.15
# Puts a relocatable CPython of Debian unstable, with its own C library and headers, into PREFIX, and prints the
# interpreter's path. Touches nothing outside PREFIX and PREFIX.work. Needs apt-get, dpkg-deb and patchelf.
set -euo pipefail
version=$1 prefix=$2 work=$2.work
interpreter=$prefix/bin/python$version
if [ -e "$prefix/.complete" ] && "$interpreter" -c pass 2>/dev/null; then echo "$interpreter"; exit 0; fi

[ "$(uname -m)" = x86_64 ] || { echo "python.sh: only x86-64 is supported" >&2; exit 1; }
for tool in apt-get dpkg-deb patchelf; do
  command -v "$tool" >/dev/null || { echo "python.sh: $tool is missing" >&2; exit 1; }
done
sources=/etc/apt/sources.list.d/debian.sources
[ -r $sources ] || { echo "python.sh: no $sources to take the archive's address from" >&2; exit 1; }

rm -rf "$prefix" "$work"
mkdir -p "$prefix" "$work"/{lists/partial,cache/archives/partial,debs,parts}
# A private apt: the machine's own stanza (the first, not the security one) with its suite changed.
awk 'BEGIN{RS="";ORS="\n\n"} /Suites: [a-z]+( |\n|$)/ && !/-security/' $sources | grep -v '^#' \
  | sed -E 's/^Suites:.*/Suites: sid/; s/^Types:.*/Types: deb/' > "$work/parts/sid.sources"
: > "$work/status"
cat > "$work/apt.conf" <<X
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/parts";
Dir::State::lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
X
export APT_CONFIG="$work/apt.conf"
apt-get -qq update >&2
# What the interpreter needs, without the rest of the closure.
packages="python$version-minimal libpython$version-minimal libpython$version-stdlib python$version python$version-venv
  python$version-dev libpython$version-dev python3-pip-whl libc6 libgcc-s1 libstdc++6 libexpat1 libzstd1 zlib1g
  libssl3t64 libbz2-1.0 libffi8 liblzma5 libtinfo6 libncursesw6 libreadline8t64 libsqlite3-0 libuuid1"
# shellcheck disable=SC2086
(cd "$work/debs" && apt-get -qq download $packages >&2)
for deb in "$work"/debs/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$prefix" --strip-components=2 --wildcards './usr/*' \
    --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/lintian
done
# Its own loader, and a search path (RPATH, not RUNPATH) that makes everything it loads find this C library.
libraries=$prefix/lib/x86_64-linux-gnu
patchelf --set-interpreter "$libraries/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$libraries" "$interpreter"
# Debian's ensurepip looks for its wheels under /usr/share.
for file in "$prefix/lib/python$version/ensurepip/__init__.py" "$prefix/lib/python$version"/_sysconfigdata__*.py \
            "$prefix/lib/python$version"/_sysconfig_vars__*.json; do
  if [ -e "$file" ]; then sed -i "s#/usr/share/python-wheels#$prefix/share/python-wheels#g" "$file"; fi
done
# Debian's pyconfig.h is a wrapper around the one in /usr/include.
cp "$prefix/include/x86_64-linux-gnu/python$version/pyconfig.h" "$prefix/include/python$version/pyconfig.h"
rm -f "$prefix/lib/python$version/sitecustomize.py"
ln -sf "python$version" "$prefix/bin/python3"
"$interpreter" -c pass
rm -rf "$work"
touch "$prefix/.complete"
echo "$interpreter"
