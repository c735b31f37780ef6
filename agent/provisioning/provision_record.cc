// SPDX-License-Identifier: Apache-2.0
#include "agent/provisioning/provision_record.h"

#include "agent/encoding/byte_order.h"
#include "agent/provisioning/provision_fields.h"
#include "port/assert.h"

namespace connect_auth {
namespace {

constexpr std::size_t kHeaderBytes = 3;
constexpr std::size_t kNumberBytes = 8;
constexpr std::size_t kMacBytes = 6;
constexpr std::size_t kLongestPayload = 0xFFFF;  // No field's size overflows.
constexpr std::int64_t kMostIpv4 = 0xFFFFFFFF;
constexpr Millis kMostSamplePeriod = Millis::Seconds(86400);
constexpr UnixSeconds kLatestTime{253402300799};  // The end of 9999: no certificate names a later.

/// Takes the fields that are there, in the order in which they are asked for.
class FieldReader {
 public:
  explicit FieldReader(ConstBytes payload) : rest_(payload) {}

  // Not inline, any of them: each is called many times.
  [[gnu::noinline]] void Octets(std::uint8_t tag, ConstBytes& into) {
    if (IsNext(tag)) {
      const auto size = static_cast<std::size_t>(GetBigEndian(rest_.subspan(1, 2)));
      into = rest_.subspan(kHeaderBytes, size);
      rest_ = rest_.subspan(kHeaderBytes + size);
    }
  }

  [[gnu::noinline]] void Text(std::uint8_t tag, std::string_view& into) {
    ConstBytes octets = AsBytes(into);
    Octets(tag, octets);
    into = AsText(octets);
  }

  void Secret(std::uint8_t tag, SecretView& into) {
    std::string_view text = into.Reveal();
    Text(tag, text);
    into = SecretView(text);
  }

  [[gnu::noinline]] void Number(std::uint8_t tag, std::int64_t& into) {
    if (!IsNext(tag)) {
      return;
    }
    ConstBytes octets;
    Octets(tag, octets);
    const std::uint64_t value =
        GetBigEndian(octets.first(octets.size() < kNumberBytes ? octets.size() : kNumberBytes));
    in_range_ = in_range_ && octets.size() == kNumberBytes && value <= INT64_MAX;
    into = static_cast<std::int64_t>(value);
  }

  template <typename Enumeration>
  void Choice(std::uint8_t tag, Enumeration& into, Enumeration last) {
    std::int64_t value = static_cast<std::int64_t>(into);
    Number(tag, value);
    in_range_ = in_range_ && value <= static_cast<std::int64_t>(last);
    into = in_range_ ? static_cast<Enumeration>(value) : into;
  }

  /// Whether all fields were known.
  bool at_end() const { return rest_.empty(); }
  bool in_range() const { return in_range_; }

 private:
  bool IsNext(std::uint8_t tag) const {
    return rest_.size() >= kHeaderBytes && rest_[0] == tag &&
           GetBigEndian(rest_.subspan(1, 2)) <= rest_.size() - kHeaderBytes;
  }

  ConstBytes rest_;
  bool in_range_ = true;
};

/// Writes fields, or only measures them where there is no room at all.
class FieldWriter {
 public:
  explicit FieldWriter(Bytes into) : into_(into) {}

  void Octets(std::uint8_t tag, ConstBytes value) {
    if (!into_.empty()) {
      const Bytes field = into_.subspan(size_);
      field[0] = tag;
      PutBigEndian(value.size(), field.subspan(1, kHeaderBytes - 1));
      CopyBytes(value, field.subspan(kHeaderBytes));
    }
    size_ += kHeaderBytes + value.size();
  }

  void Text(std::uint8_t tag, std::string_view value) { Octets(tag, AsBytes(value)); }
  void Secret(std::uint8_t tag, SecretView value) { Text(tag, value.Reveal()); }

  void Number(std::uint8_t tag, std::int64_t value) {
    std::array<std::uint8_t, kNumberBytes> octets;
    PutBigEndian(static_cast<std::uint64_t>(value), octets);
    Octets(tag, octets);
  }

  template <typename Enumeration>
  void Choice(std::uint8_t tag, Enumeration value, Enumeration) {
    Number(tag, static_cast<std::int64_t>(value));
  }

  std::size_t size() const { return size_; }

 private:
  Bytes into_;
  std::size_t size_ = 0;
};

bool IsInRange(const Provision& provision) {
  const Provision::Network& network = provision.network;
  const Settings& settings = provision.settings;
  for (const std::int64_t address :
       {network.address, network.netmask, network.gateway, network.dns}) {
    if (address > kMostIpv4) {
      return false;
    }
  }
  return (network.mac.empty() || network.mac.size() == kMacBytes) &&
         provision.sample.period > Millis{0} && provision.sample.period <= kMostSamplePeriod &&
         settings.least_time <= kLatestTime && settings.trust.least_time <= kLatestTime;
}

}  // namespace

Status DecodeProvision(ConstBytes payload, Provision& provision) {
  FieldReader reader(payload);
  VisitFields(provision, reader);
  if (!reader.at_end()) {
    return Status::kMalformed;
  }
  return reader.in_range() && IsInRange(provision) ? Status::kOk : Status::kInvalidArgument;
}

std::size_t ProvisionBytes(const Provision& provision) {
  FieldWriter measure{Bytes()};
  VisitFields(provision, measure);
  return measure.size();
}

void EncodeProvision(const Provision& provision, Bytes into) {
  CONNECT_AUTH_ASSERT(into.size() == ProvisionBytes(provision) && into.size() <= kLongestPayload);
  FieldWriter writer(into);
  VisitFields(provision, writer);
}

}  // namespace connect_auth
