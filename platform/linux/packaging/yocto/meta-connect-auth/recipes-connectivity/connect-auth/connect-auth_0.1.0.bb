# SPDX-License-Identifier: Apache-2.0
SUMMARY = "Access tokens of a SOTI Connect server"
DESCRIPTION = "Asks the server for an access token over verified TLS, seals and stores it, hands it out, and makes requests with it."
SECTION = "net"
LICENSE = "Apache-2.0 & MIT & BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# A release tarball, in a folder that FILESEXTRAPATHS or DL_DIR has. A checkout instead: the class externalsrc.
CONNECT_AUTH_SOURCE ?= "file://${BP}.tar.gz"

# The agent wants its own configuration of mbedTLS and builds cJSON under names of its own: the recipes of meta-oe are
# of no use. Versions and hashes are those of toolchains/dependencies.lock.
SRC_URI = " \
    ${CONNECT_AUTH_SOURCE} \
    https://github.com/Mbed-TLS/mbedtls/releases/download/mbedtls-3.6.7/mbedtls-3.6.7.tar.bz2;name=mbedtls;subdir=${BP}/.deps/mbedtls;striplevel=1 \
    https://github.com/DaveGamble/cJSON/archive/refs/tags/v1.7.19.tar.gz;name=cjson;downloadfilename=cjson-1.7.19.tar.gz;subdir=${BP}/.deps/cjson;striplevel=1 \
    https://github.com/benhoyt/inih/archive/refs/tags/r61.tar.gz;name=inih;downloadfilename=inih-61.tar.gz;subdir=${BP}/.deps/inih;striplevel=1 \
"
SRC_URI[mbedtls.sha256sum] = "a7e8bcbec0e6f761b4af24f25677626b35f762f68eef79c08677a363212d11f6"
SRC_URI[cjson.sha256sum] = "7fa616e3046edfa7a28a32d5f9eacfd23f92900fe1f8ccd988c1662f30454562"
SRC_URI[inih.sha256sum] = "7caf26a2202a4ca689df3fe4175dfa74e0faa18fcca07331bba934fd0ecb8f12"

inherit cmake systemd useradd

# argp is a part of glibc only.
DEPENDS:append:libc-musl = " argp-standalone"
EXTRA_OECMAKE:append:libc-musl = " -DCMAKE_CXX_STANDARD_LIBRARIES=-largp"
EXTRA_OECMAKE += "-DCONNECT_AUTH_BUILD_TESTS=OFF -DCONNECT_AUTH_LOG_LEVEL=4"

do_install() {
    install -D -m 0755 ${B}/platform/linux/connect-auth ${D}${bindir}/connect-auth
    install -D -m 0600 ${S}/platform/linux/connect-auth.conf ${D}${sysconfdir}/connect-auth/connect-auth.conf
    install -D -m 0644 ${S}/platform/linux/packaging/manual/connect-auth.1 ${D}${mandir}/man1/connect-auth.1
    install -D -m 0644 ${S}/platform/linux/packaging/manual/connect-auth.conf.5 ${D}${mandir}/man5/connect-auth.conf.5
    install -D -m 0644 -t ${D}${systemd_system_unitdir} \
        ${S}/platform/linux/packaging/systemd/connect-auth.service \
        ${S}/platform/linux/packaging/systemd/connect-auth.socket
    install -D -m 0644 ${S}/platform/linux/packaging/systemd/connect-auth.tmpfiles ${D}${nonarch_libdir}/tmpfiles.d/connect-auth.conf
}

CONFFILES:${PN} = "${sysconfdir}/connect-auth/connect-auth.conf"
RRECOMMENDS:${PN} = "ca-certificates"
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --no-create-home --user-group connect-auth"
FILES:${PN} += "${nonarch_libdir}/tmpfiles.d/connect-auth.conf"
SYSTEMD_SERVICE:${PN} = "connect-auth.service connect-auth.socket"
SYSTEMD_AUTO_ENABLE = "disable"
