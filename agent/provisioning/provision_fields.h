// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/provisioning/provision_record.h"

namespace connect_auth {

/// Has `fields` visit each field of a provision in ascending order of its tag. So what is written
/// and what is read are one list.
template <typename Provision, typename Fields>
void VisitFields(Provision& provision, Fields& fields) {
  auto& settings = provision.settings;
  fields.Text(1, settings.url);
  fields.Text(2, settings.token_path);
  fields.Octets(3, settings.trust.authorities);
  fields.Octets(4, settings.trust.backup_authorities);
  fields.Text(5, settings.trust.pins);
  fields.Number(6, settings.trust.least_time.count);

  fields.Text(10, settings.client_id);
  fields.Secret(11, settings.client_secret);
  fields.Choice(12, settings.auth_encoding, AuthEncoding::kForm);

  fields.Choice(20, settings.grant, Grant::kClientCredentials);
  fields.Text(21, settings.username);
  fields.Secret(22, settings.password);
  fields.Secret(23, settings.code);
  fields.Text(24, settings.redirect_uri);

  fields.Number(30, settings.timeout.count);
  fields.Number(31, settings.connect_timeout.count);
  fields.Number(32, settings.keep_alive.count);
  fields.Number(33, settings.renewal_margin.count);
  fields.Number(34, settings.store_gain.count);
  fields.Number(35, settings.default_lifetime.count);
  fields.Number(36, settings.backoff.period.count);
  fields.Number(37, settings.backoff.slow_period.count);
  fields.Number(38, settings.backoff.boot_spread.count);
  fields.Number(39, settings.latch_wait.count);
  fields.Number(40, settings.least_time.count);
  fields.Octets(41, settings.device_id);

  fields.Number(50, provision.network.address);
  fields.Number(51, provision.network.netmask);
  fields.Number(52, provision.network.gateway);
  fields.Number(53, provision.network.dns);
  fields.Octets(54, provision.network.mac);

  fields.Text(60, provision.sample.target);
  fields.Number(61, provision.sample.period.count);
}

}  // namespace connect_auth
