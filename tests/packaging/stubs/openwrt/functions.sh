# SPDX-License-Identifier: Apache-2.0
#
# Stands for what OpenWrt gives an init script: UCI's functions over the file $UCI_FILE, which is shell as well, and
# procd's, which write down what they are told.
reset_cb() {
	config_cb() { :; }
	option_cb() { :; }
}
config() { section_name=$2; config_cb "$1" "$2"; }
option() { eval "uci_${section_name}_$1=\$2"; option_cb "$1" "$2"; }
config_load() { . "$UCI_FILE"; config_cb; }
config_get_bool() { eval "$1=\${uci_$2_$3:-$4}"; }
logger() { echo "log: $*" >&2; }
procd_open_instance() { echo "instance" >&2; }
procd_set_param() { echo "procd: $*" >&2; }
procd_close_instance() { :; }
procd_add_reload_trigger() { :; }
