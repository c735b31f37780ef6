# SPDX-License-Identifier: Apache-2.0
#
# Stands for OpenWrt's package.mk: the fields that a package must have, and its recipes as targets. As there, all is
# expanded once on its way through eval, and again when it runs.
define Download
  $(eval FILE:=) $(eval URL:=) $(eval HASH:=) $(eval URL_FILE:=)
  $(eval $(Download/$(1)))
  $(foreach field,FILE URL HASH,$(if $($(field)),,$(error Download/$(1) is missing the $(field) field)))
  $(info download $(FILE) $(HASH) $(URL)/$(or $(URL_FILE),$(FILE)))
endef

define Targets
prepare:
$(foreach hook,$(Hooks/Prepare/Post),$(call $(hook)))

install:
$(call Package/$(1)/install,$(DESTDIR))
endef

define BuildPackage
  $(eval $(Package/$(1)))
  $(foreach field,TITLE SECTION CATEGORY PKG_VERSION PKG_RELEASE PKG_LICENSE PKG_SOURCE PKG_HASH,\
    $(if $($(field)),,$(error Package/$(1) is missing the $(field) field)))
  $(foreach part,description conffiles install,\
    $(if $(value Package/$(1)/$(part)),,$(error Package/$(1)/$(part) is missing)))
  $(info package $(1) $(PKG_VERSION) $(DEPENDS))
  $(info options $(CMAKE_OPTIONS))
  $(eval $(call Targets,$(1)))
endef
