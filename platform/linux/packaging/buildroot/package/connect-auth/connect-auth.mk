# SPDX-License-Identifier: Apache-2.0
################################################################################
#
# connect-auth
#
################################################################################

CONNECT_AUTH_VERSION = 0.1.0
CONNECT_AUTH_SITE = $(call qstrip,$(BR2_PACKAGE_CONNECT_AUTH_SITE))
CONNECT_AUTH_LICENSE = Apache-2.0, MIT, BSD-3-Clause
CONNECT_AUTH_LICENSE_FILES = LICENSE .deps/mbedtls/LICENSE .deps/cjson/LICENSE .deps/inih/LICENSE.txt
CONNECT_AUTH_SUPPORTS_IN_SOURCE_BUILD = NO

# The agent wants its own configuration of mbedTLS and builds cJSON under names of its own: Buildroot's packages of
# them are of no use. Versions and hashes are those of toolchains/dependencies.lock.
CONNECT_AUTH_EXTRA_DOWNLOADS = \
	https://github.com/Mbed-TLS/mbedtls/releases/download/mbedtls-3.6.7/mbedtls-3.6.7.tar.bz2 \
	https://github.com/DaveGamble/cJSON/archive/refs/tags/v1.7.19.tar.gz \
	https://github.com/benhoyt/inih/archive/refs/tags/r61.tar.gz

define CONNECT_AUTH_EXTRACT_DEPENDENCIES
	mkdir -p $(@D)/.deps/mbedtls $(@D)/.deps/cjson $(@D)/.deps/inih
	$(TAR) -C $(@D)/.deps/mbedtls --strip-components=1 -xf $(CONNECT_AUTH_DL_DIR)/mbedtls-3.6.7.tar.bz2
	$(TAR) -C $(@D)/.deps/cjson --strip-components=1 -xf $(CONNECT_AUTH_DL_DIR)/v1.7.19.tar.gz
	$(TAR) -C $(@D)/.deps/inih --strip-components=1 -xf $(CONNECT_AUTH_DL_DIR)/r61.tar.gz
endef
CONNECT_AUTH_POST_EXTRACT_HOOKS += CONNECT_AUTH_EXTRACT_DEPENDENCIES

CONNECT_AUTH_CONF_OPTS = -DCONNECT_AUTH_BUILD_TESTS=OFF -DCONNECT_AUTH_LOG_LEVEL=4

# argp is a part of glibc only.
ifeq ($(BR2_PACKAGE_ARGP_STANDALONE),y)
CONNECT_AUTH_DEPENDENCIES += argp-standalone
CONNECT_AUTH_CONF_OPTS += -DCMAKE_CXX_STANDARD_LIBRARIES=-largp
endif

define CONNECT_AUTH_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(CONNECT_AUTH_BUILDDIR)/platform/linux/connect-auth $(TARGET_DIR)/usr/bin/connect-auth
	$(INSTALL) -D -m 0600 $(@D)/platform/linux/connect-auth.conf $(TARGET_DIR)/etc/connect-auth/connect-auth.conf
endef

define CONNECT_AUTH_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 -t $(TARGET_DIR)/usr/lib/systemd/system \
		$(@D)/platform/linux/packaging/systemd/connect-auth.service \
		$(@D)/platform/linux/packaging/systemd/connect-auth.socket
endef

define CONNECT_AUTH_USERS
	connect-auth -1 connect-auth -1 * - - - SOTI Connect access tokens
endef

define CONNECT_AUTH_PERMISSIONS
	/etc/connect-auth/connect-auth.conf f 0640 root connect-auth - - - - -
endef

$(eval $(cmake-package))
