# SPDX-License-Identifier: Apache-2.0
#
# A private apt configuration, for the scripts here to source: it leaves the system's alone and needs
# no root. What comes through it has a chain of trust: Debian's key signs the suite's index, the index
# has the hashes of the packages.
#
# The script that sources this has a function `fail MESSAGE`. The mirror is the one that the system's
# own apt uses; environment variables override:
#   DEB_MIRROR, DEB_SECURITY_MIRROR  base addresses
#   DEB_KEYRING                      keys that may sign (default: Debian's archive keyring)

need_tools() {  # tool:package...
  for tool in "$@"; do
    command -v "${tool%%:*}" >/dev/null || fail "${tool%%:*} is missing: install the Debian package ${tool##*:}"
  done
}

# The first repository with this label that the system's apt knows; private mirrors keep labels.
system_mirror() {
  apt-get indextargets --format '$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
    awk -F'|' -v label="$1" '$1 == label { print $2; exit }'
}
# Before the first `apt-get update` apt knows no labels; its sources still name the mirror.
sources_mirror() {
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    awk -v security="$1" '
      /^#/ { next }
      { for (i = 1; i <= NF; ++i)
          if ($i ~ /^[a-z+]+:\/\// && (($i ~ /security/) == security)) { print $i; exit } }'
}

# Sets `work`, an empty folder that goes away with the script, and `mirror`, `security`, `keyring`.
begin_private_apt() {  # folder architecture
  need_tools apt-get:apt
  keyring=${DEB_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
  [ -r "$keyring" ] || fail "no keys at $keyring: install the Debian package debian-archive-keyring"
  work=$1
  rm -rf "$work"
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/empty" "$work/download"
  trap 'rm -rf "$work"' EXIT

  mirror=${DEB_MIRROR:-$(system_mirror Debian)}
  mirror=${mirror:-$(sources_mirror 0)}
  security=${DEB_SECURITY_MIRROR:-$(system_mirror Debian-Security)}
  security=${security:-$(sources_mirror 1)}
  [ -n "$mirror" ] || fail "no Debian mirror is configured: set DEB_MIRROR"

  : > "$work/private.sources"
  cat > "$work/apt.conf" <<END
APT::Architecture "$2";
APT::Architectures { "$2"; };
Dir::Etc::SourceList "$work/private.sources";
Dir::Etc::SourceParts "$work/empty";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "$work/empty";
Dir::State "$work";
Dir::State::Lists "$work/lists";
Dir::State::status "/dev/null";
Dir::Cache "$work/cache";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::AllowInsecureRepositories "false";
Acquire::Retries "3";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
END
}

# -c, not APT_CONFIG: the latter is read before the system's files, which would win.
apt() { tool=$1; shift; "apt-$tool" -c "$work/apt.conf" -qq "$@"; }

add_source() {  # deb|deb-src address suite...
  type=$1 address=$2
  shift 2
  printf 'Types: %s\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' \
    "$type" "$address" "$*" "$keyring" >> "$work/private.sources"
}
