// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>

#include "agent/provisioning/provision_record.h"
#include "agent/store/ring_storage.h"
#include "agent/store/sealed_record.h"
#include "agent/tls/engine.h"
#include "platform/linux/commands.h"
#include "platform/linux/configuration.h"
#include "platform/linux/der_certificate.h"
#include "platform/linux/device_network.h"
#include "platform/linux/output.h"
#include "platform/linux/session.h"
#include "platform/linux/store_directory.h"
#include "platform/linux/text.h"
#include "platform/posix/boot_clock.h"
#include "platform/posix/file_flash.h"
#include "platform/posix/system_entropy.h"

namespace connect_auth::program {
namespace {

// Of the part on the board, S25SL12801.
constexpr std::uint32_t kPartBlocks = 256;
constexpr off_t kPartBytes = off_t{kPartBlocks} * Provision::kBlockBytes;

/// The record for one device, in the making.
class ProvisionMaker {
 public:
  Problem Prepare(const CommandLine& line);
  Problem WriteImage(const std::string& path);
  Problem WriteLines();

 private:
  Problem Fill(Provision& provision);
  Problem ReadAuthorities(Provision& provision);
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
  std::array<std::uint8_t, Provision::kMostRecordBytes> room_{};
  ScopedWipe wipe_{room_};
  Bytes record_;
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
  problem = key_.LoadOrMake(std::string(given.text(Setting::kDeviceKeyFile)));
  if (problem.exists()) {
    return problem;
  }
  if (engine_.Start(arena_, clock_, entropy_) != Status::kOk) {
    return {ExitCode::kOther, "the system gives no random numbers; try again"};
  }
  return Encode();
}

Problem ProvisionMaker::ReadAuthorities(Provision& provision) {
  const GivenSettings& given = configuration_.given();
  Problem problem = ReadDerCertificate(std::string(given.text(Setting::kServerCaFile)), authority_);
  if (!problem.exists() && given.has(Setting::kServerBackupCaFile)) {
    problem = ReadDerCertificate(std::string(given.text(Setting::kServerBackupCaFile)),
                                 backup_authority_);
  }
  provision.settings.trust.authorities = authority_.bytes();
  provision.settings.trust.backup_authorities = backup_authority_.bytes();
  return problem;
}

Problem ProvisionMaker::Fill(Provision& provision) {
  const GivenSettings& given = configuration_.given();
  Settings& settings = provision.settings;
  settings = configuration_.ForAgent({});
  settings.device_id = {};  // That is this machine's.
  // It cannot be earlier. A device without a clock judges certificates by this moment until a
  // server that passes has told it the time.
  settings.least_time = UnixSeconds{::time(nullptr)};
  settings.trust.least_time = settings.least_time;
  settings.backoff.boot_spread = configuration_.seconds(Setting::kDeviceStartSpread);
  settings.backoff.period = configuration_.seconds(Setting::kDeviceRetryPeriod);
  // Where a person has to act first, there is no hurry.
  settings.backoff.slow_period =
      std::min(Millis{3 * settings.backoff.period.count}, Millis::Seconds(86400));
  Problem problem = network_.Read(given);
  provision.network = network_.network();
  provision.sample.target = given.text(Setting::kDeviceSample);
  provision.sample.period = configuration_.seconds(Setting::kDeviceSamplePeriod);
  if (!provision.sample.target.empty() && provision.sample.target.front() != '/') {
    return {ExitCode::kUsage, "sample in [device] does not begin with '/'; name a path of the API"};
  }
  return problem.exists() ? problem : ReadAuthorities(provision);
}

Problem ProvisionMaker::Encode() {
  Provision provision;
  Problem problem = Fill(provision);
  if (problem.exists()) {
    return problem;
  }
  const Bytes payload = Bytes(room_)
                            .first(room_.size() - SealedRecord::kTagBytes)
                            .subspan(SealedRecord::kHeaderBytes);
  const IoResult size = EncodeProvision(provision, payload);
  if (!size.ok()) {
    return {ExitCode::kUsage,
            Join({"the settings take more than the ", Decimal(Provision::kMostRecordBytes),
                  " octets that a device has for them; CA certificates are the longest: give an "
                  "ECDSA root, or no backup"})};
  }
  record_ = Bytes(room_).first(size.bytes() + SealedRecord::kOverheadBytes);
  return {};
}

Problem ProvisionMaker::Seal(std::uint32_t sequence) {
  const Status status =
      SealRecord(RecordType::kProvision, sequence, key_.octets(), {}, engine_, record_);
  return status == Status::kOk
             ? Problem()
             : Problem{ExitCode::kOther, "the system gives no random numbers; try again"};
}

Problem ImageProblem(const std::string& path, std::string_view cause) {
  return {ExitCode::kStorage, Join({"the image ", path, " cannot be written: ", cause})};
}

Problem ProvisionMaker::WriteImage(const std::string& path) {
  struct stat status {};
  const bool exists = ::stat(path.c_str(), &status) == 0;
  if (exists && status.st_size != 0 && status.st_size != kPartBytes) {
    return ImageProblem(path, Join({"it has not the ", Decimal(kPartBytes),
                                    " octets of the part; name another file"}));
  }
  posix::FileFlash part(path.c_str(), {Provision::kBlockBytes, kPartBlocks, 1, true});
  posix::FileFlash area(path.c_str(), {Provision::kBlockBytes, Provision::kBlocks, 1, true});
  RingStorage ring(area);
  std::array<std::uint8_t, Provision::kMostRecordBytes> before{};
  // To look into an image that is new or empty makes an erased part of it.
  std::array<std::uint8_t, 1> first;
  if (part.Read(0, first) != Status::kOk) {
    return ImageProblem(path, Join({ErrorText(part.last_error()), "; name another file"}));
  }
  const IoResult old = ring.Load(Provision::kName, before);
  const std::uint32_t sequence =
      old.ok() ? SequenceOf(ConstBytes(before).first(old.bytes())) + 1 : 1;
  Problem problem = Seal(sequence);
  if (!problem.exists() && ring.Store(Provision::kName, record_) != Status::kOk) {
    problem = ImageProblem(path, Join({ErrorText(area.last_error()), "; name another file"}));
  }
  return problem;
}

Problem ProvisionMaker::WriteLines() {
  constexpr std::size_t kOctets = 48;
  Problem problem = Seal(1);
  for (ConstBytes rest = record_; !problem.exists() && !rest.empty();) {
    const ConstBytes part = rest.first(std::min(rest.size(), kOctets));
    std::string line = "provision ";
    for (const std::uint8_t octet : part) {
      line += "0123456789abcdef"[octet >> 4];
      line += "0123456789abcdef"[octet & 0xF];
    }
    problem = WriteOut(line += '\n');
    rest = rest.subspan(part.size());
  }
  return problem.exists() ? problem : WriteOut("provision end\n");
}

}  // namespace

Problem RunProvision(const CommandLine& line) {
  const auto maker = std::make_unique<ProvisionMaker>();
  const Problem problem = maker->Prepare(line);
  if (problem.exists()) {
    return problem;
  }
  const std::string image = line.image;
  return image == "-" ? maker->WriteLines() : maker->WriteImage(image);
}

}  // namespace connect_auth::program
