// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "agent/http/origin.h"
#include "agent/provisioning/provision_receiver.h"
#include "agent/provisioning/provision_record.h"
#include "agent/store/sealed_record.h"
#include "agent/tls/engine.h"
#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/der_certificate.h"
#include "platform/linux/device_image.h"
#include "platform/linux/device_network.h"
#include "platform/linux/messages.h"
#include "platform/linux/output.h"
#include "platform/linux/store_directory.h"
#include "platform/linux/text.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/system_entropy.h"

namespace connect_auth::program {
namespace {

Problem NoRandomness() {
  return {ExitCode::kOther, "the system gives no random numbers; try again"};
}

/// The record for one device, in the making.
class ProvisionMaker {
 public:
  Problem Prepare(const CommandLine& line);
  Problem WriteImage(const std::string& path);
  Problem WriteLines();

 private:
  Problem LoadKey();
  Problem Fill(Provision& provision);
  Problem FillSample(Provision::Sample& sample) const;
  Problem ReadAuthorities(Trust& trust);
  Problem Check(const Provision& provision) const;
  Problem CheckSize(const Provision& provision, std::size_t size) const;
  Problem Encode();
  Problem Seal(std::uint32_t sequence);

  Configuration configuration_;
  DeviceNetwork network_;
  StoreKey key_;
  SecretBuffer authority_;
  SecretBuffer backup_authority_;
  posix::BootClock clock_;
  posix::SystemEntropy entropy_;
  std::array<std::uint8_t, 131072> arena_;
  Engine engine_;
  SecretBuffer record_;
};

Problem ProvisionMaker::Prepare(const CommandLine& line) {
  Problem problem = configuration_.Load(line, Needs::kAll);
  if (problem.exists()) {
    return problem;
  }
  const GivenSettings& given = configuration_.given();
  if (!given.has(Setting::kDeviceKeyFile) || !given.has(Setting::kServerCaFile)) {
    return {ExitCode::kUsage,
            "provision wants key_file in [device], the device's own key, and ca_file in [server], "
            "the root of the server's chain; set both"};
  }
  if (engine_.Start(arena_, clock_, entropy_) != Status::kOk) {
    return NoRandomness();
  }
  problem = Encode();
  // Only now, as it may make one.
  return problem.exists() ? problem : LoadKey();
}

Problem ProvisionMaker::LoadKey() {
  const std::string path(configuration_.given().text(Setting::kDeviceKeyFile));
  Problem problem = key_.LoadOrMake(path);
  if (problem.exists()) {
    return problem;
  }
  const ConstBytes key = key_.octets();
  const bool is_blank =
      std::all_of(key.begin(), key.end(), [key](std::uint8_t octet) { return octet == key[0]; });
  return is_blank ? Problem{ExitCode::kUsage,
                            Join({"the key ", path,
                                  " reads like memory that was never programmed, which a device "
                                  "takes for no key; give 32 random octets"})}
                  : Problem();
}

Problem ProvisionMaker::Fill(Provision& provision) {
  const GivenSettings& given = configuration_.given();
  Settings& settings = provision.settings;
  settings = configuration_.ForAgent({});
  settings.device_id = {};  // That is this machine's.
  // It cannot be earlier, unless this machine's clock is not set. A device without a clock judges
  // certificates by this moment until a server that passes has told it the time.
  settings.least_time = std::max(settings.least_time, UnixSeconds{::time(nullptr)});
  settings.trust.least_time = settings.least_time;
  settings.backoff =
      configuration_.BackoffOf(Setting::kDeviceStartSpread, Setting::kDeviceRetryPeriod);
  Problem problem = network_.Read(given);
  provision.network = network_.network();
  if (!problem.exists()) {
    problem = FillSample(provision.sample);
  }
  return problem.exists() ? problem : ReadAuthorities(settings.trust);
}

Problem ProvisionMaker::FillSample(Provision::Sample& sample) const {
  sample.target = configuration_.given().text(Setting::kDeviceSample);
  sample.period = configuration_.seconds(Setting::kDeviceSamplePeriod);
  return sample.target.empty() || IsRequestTarget(sample.target)
             ? Problem()
             : Problem{ExitCode::kUsage,
                       "sample in [device] does not begin with '/', or holds characters that a "
                       "path cannot have; name a path of the API"};
}

Problem ProvisionMaker::ReadAuthorities(Trust& trust) {
  const GivenSettings& given = configuration_.given();
  Problem problem = ReadDerCertificate(std::string(given.text(Setting::kServerCaFile)), authority_);
  if (!problem.exists() && given.has(Setting::kServerBackupCaFile)) {
    problem = ReadDerCertificate(std::string(given.text(Setting::kServerBackupCaFile)),
                                 backup_authority_);
  }
  trust.authorities = authority_.bytes();
  trust.backup_authorities = backup_authority_.bytes();
  return problem;
}

/// Whatever the device would stumble over.
Problem ProvisionMaker::Check(const Provision& provision) const {
  Failure failure;
  failure.reason = CheckSettings(provision.settings);
  if (failure.reason != Reason::kNone) {
    return Explain(failure, configuration_, {});
  }
  Origin origin;
  in_addr address{};
  static_cast<void>(ParseOrigin(provision.settings.url, origin));  // Checked by CheckSettings.
  if (origin.is_ipv6) {
    return {ExitCode::kUsage,
            "the firmware has IPv4 alone; give url in [server] a name, or such an address"};
  }
  if (!configuration_.identity().certificate_file().empty()) {
    return {ExitCode::kUsage,
            "the firmware shows no client certificate; leave tls_certificate_file in [client] out"};
  }
  if (!configuration_.proxy().host.empty()) {
    return {ExitCode::kUsage,
            "the firmware knows no proxy; name the server in no_proxy of [server], if the device "
            "reaches it without"};
  }
  const bool has_name = ::inet_pton(AF_INET, std::string(origin.host).c_str(), &address) != 1;
  const Provision::Network& network = provision.network;
  return has_name && network.address != 0 && network.dns == 0
             ? Problem{ExitCode::kUsage,
                       "a device with an address of its own finds the server's name only with "
                       "dns in [device]; set it"}
             : Problem();
}

Problem ProvisionMaker::CheckSize(const Provision& provision, std::size_t size) const {
  const std::int64_t most = configuration_.given().number(Setting::kDeviceMaxRecord);
  const auto octets = [](std::size_t count) { return Decimal(static_cast<std::int64_t>(count)); };
  const std::int64_t excess = static_cast<std::int64_t>(size) - most;
  const Trust& trust = provision.settings.trust;
  return excess <= 0
             ? Problem()
             : Problem{ExitCode::kUsage,
                       Join({"the settings take ", octets(size), " octets, ", Decimal(excess),
                             " more than the device has room for; the CA certificate has ",
                             octets(trust.authorities.size()), ", the backup ",
                             octets(trust.backup_authorities.size()),
                             ": give an ECDSA root, or no backup"})};
}

Problem ProvisionMaker::Encode() {
  Provision provision;
  Problem problem = Fill(provision);
  if (!problem.exists()) {
    problem = Check(provision);
  }
  if (problem.exists()) {
    return problem;
  }
  const std::size_t payload = ProvisionBytes(provision);
  const std::size_t size = payload + SealedRecord::kOverheadBytes;
  problem = CheckSize(provision, size);
  if (problem.exists()) {
    return problem;
  }
  if (!record_.Reserve(size)) {
    return NoMemory();
  }
  record_.Fill(size);
  EncodeProvision(provision, record_.bytes().subspan(SealedRecord::kHeaderBytes, payload));
  return {};
}

Problem ProvisionMaker::Seal(std::uint32_t sequence) {
  const Status status =
      SealRecord(RecordType::kProvision, sequence, key_.octets(), {}, engine_, record_.bytes());
  return status == Status::kOk ? Problem() : NoRandomness();
}

Problem ProvisionMaker::WriteImage(const std::string& path) {
  DeviceImage image(path);
  Problem problem = image.Open();
  if (problem.exists()) {
    return problem;
  }
  const ConstBytes before = image.settings();
  if (SealedForWhom(key_.octets(), {}, before) == SealedFor::kOtherKey) {
    return {ExitCode::kUsage,
            Join({"the image ", path, " is that of a device with another key than ",
                  configuration_.given().text(Setting::kDeviceKeyFile),
                  "; give the device's own, or begin with a new image"})};
  }
  problem = Seal(SequenceOf(before) + 1);
  return problem.exists() ? problem : image.Store(record_.bytes());
}

Problem ProvisionMaker::WriteLines() {
  Problem problem = Seal(1);
  const ConstBytes record = record_.bytes();
  for (std::size_t at = 0; !problem.exists() && at < record.size();
       at += ProvisionReceiver::kOctetsPerLine) {
    std::string line = "provision ";
    const std::size_t end = std::min(record.size(), at + ProvisionReceiver::kOctetsPerLine);
    for (const std::uint8_t octet : record.subspan(at, end - at)) {
      line += "0123456789abcdef"[octet >> 4];
      line += "0123456789abcdef"[octet & 0xF];
    }
    problem = WriteOut(line += '\n');
  }
  return problem.exists() ? problem : WriteOut("provision end\n");
}

}  // namespace

Problem RunProvision(const CommandLine& line) {
  const auto maker = std::make_unique<ProvisionMaker>();
  Problem problem = maker->Prepare(line);
  if (problem.exists()) {
    return problem;
  }
  const std::string image = line.image;
  return image == "-" ? maker->WriteLines() : maker->WriteImage(image);
}

}  // namespace connect_auth::program
