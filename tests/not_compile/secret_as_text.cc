// SPDX-License-Identifier: Apache-2.0
//
// expect: conversion from .*SecretView.* to non-scalar type|no viable conversion from.*SecretView

#include "agent/secret.h"

namespace connect_auth {

std::size_t Use(SecretView secret) {
  const std::string_view text = secret;
  return text.size();
}

}  // namespace connect_auth
