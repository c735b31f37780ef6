// SPDX-License-Identifier: Apache-2.0
#include "agent/http/response_parser.h"

#include <algorithm>
#include <new>
#include <string_view>

#include "agent/config.h"
#include "agent/http/ascii.h"
#include "agent/http/http_date.h"

namespace connect_auth {
namespace {

using namespace std::literals;  // A view of a plain literal is measured at run time with -Os.

/// In the order of ResponseParser::Field.
constexpr std::array<std::string_view, 7> kFieldNames = {
    "content-length", "transfer-encoding", "content-encoding", "retry-after", "location",
    "date",           "connection"};
constexpr std::size_t kFieldsOfLength = 2;  // the first ones
constexpr std::uint8_t kLongestName = 17;

/// '#' stands for a digit. The minor version decides whether chunks are allowed.
constexpr std::string_view kStatusLinePattern = "HTTP/1.# ###";
constexpr std::size_t kMinorVersionAt = 7;
constexpr std::size_t kStatusCodeAt = 9;

constexpr std::uint8_t kMaxChunkDigits = 16;  // Leading zeros are legal.
constexpr std::uint64_t kMaxChunkSize = UINT32_MAX;
constexpr std::uint64_t kMostSeconds = UINT32_MAX;  // of Retry-After

constexpr std::uint16_t kSwitchingProtocols = 101;
constexpr std::uint16_t kNoContent = 204;
constexpr std::uint16_t kNotModified = 304;

std::string_view WithoutTrailingBlanks(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t");
  return Part(text, 0, last == std::string_view::npos ? 0 : last + 1);
}

/// The letters and hyphens at the front, or the visible characters and blanks.
std::string_view PlainFront(std::string_view text, bool in_name) {
  std::size_t size = 0;
  for (; size < text.size(); ++size) {
    const std::uint32_t octet = static_cast<unsigned char>(text[size]);
    if (octet - 0x20 > 0x7E - 0x20 || (in_name && (octet | 0x20) - 'a' > 25 && octet != '-')) {
      break;
    }
  }
  return Part(text, 0, size);
}

/// Whether a list of connection options (RFC 9110 section 7.6.1) has "close" among them.
bool HasClose(std::string_view list) {
  while (!list.empty()) {
    std::string_view option = Part(list, 0, list.find(','));
    list.remove_prefix(std::min(option.size() + 1, list.size()));
    option.remove_prefix(std::min(option.find_first_not_of(" \t"), option.size()));
    if (EqualsIgnoringCase(WithoutTrailingBlanks(option), "close"sv)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void ResponseParser::Reset(bool body_expected) {
  new (this) ResponseParser();  // In its place: a temporary would take more stack than there is.
  body_expected_ = body_expected;
}

IoResult ResponseParser::Decode(Bytes data) {
  std::size_t kept = 0;
  std::size_t at = 0;
  while (at < data.size() && phase_ < Phase::kComplete) {
    if (in_content()) {
      const std::size_t taken = TakeContent(data.subspan(at), data.subspan(kept));
      at += taken;
      kept += taken;
    } else {
      Step(static_cast<char>(data[at++]));
      at += TakeRun(AsText(data.subspan(at)));
    }
  }
  if (phase_ == Phase::kFailed) {
    return IoResult::Error(Status::kMalformed);
  }
  surplus_ = surplus_ || at < data.size();
  return IoResult::Bytes(kept);
}

Status ResponseParser::Finish() {
  if (phase_ == Phase::kBodyUntilClose) {
    phase_ = Phase::kComplete;
  }
  if (phase_ == Phase::kComplete) {
    return Status::kOk;
  }
  if (phase_ != Phase::kFailed) {
    Fail(Reason::kTruncated);
  }
  return Status::kMalformed;
}

std::size_t ResponseParser::TakeContent(ConstBytes from, Bytes into) {
  if (phase_ == Phase::kBodyUntilClose) {
    CopyBytes(from, into);
    return from.size();
  }
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(from.size(), remaining_));
  CopyBytes(from.first(count), into);
  remaining_ -= count;
  if (remaining_ == 0) {
    phase_ = phase_ == Phase::kChunkData ? Phase::kChunkDataReturn : Phase::kComplete;
  }
  return count;
}

/// Takes what stands at the front of `text` and needs no step of its own, which most of a head does
/// not: more of a name, of a value or of a reason. Leaves whatever would pass a limit, and what is
/// not plain, to `Step`.
///
/// @return  Octets taken.
std::size_t ResponseParser::TakeRun(std::string_view text) {
  const bool in_name = phase_ == Phase::kFieldName;
  if (!in_name && phase_ != Phase::kFieldValue && phase_ != Phase::kReasonPhrase) {
    return 0;
  }
  const std::size_t room = std::min<std::size_t>(config::kMaxHeadBytes - section_size_,
                                                 config::kMaxLineBytes - line_size_);
  const std::string_view run = PlainFront(Part(text, 0, room), in_name);
  head_size_ += head_complete_ ? 0U : run.size();
  section_size_ += run.size();
  line_size_ += run.size();
  if (in_name) {
    KeepName(run);
  } else if (field_ != Field::kOther) {
    for (const char c : run) {
      KeepValue(c);
    }
  }
  return run.size();
}

void ResponseParser::Step(char c) {
  switch (phase_) {
    case Phase::kStatusLine:
      return StepStatusLine(c);
    case Phase::kReasonPhrase:
      return StepReasonPhrase(c);
    case Phase::kFieldStart:
      return StepFieldStart(c);
    case Phase::kFieldName:
      return StepFieldName(c);
    case Phase::kFieldBlank:
      return StepFieldBlank(c);
    case Phase::kFieldValue:
      return StepFieldValue(c);
    case Phase::kLineFeed:
      return StepLineFeed(c);
    case Phase::kHeadEnd:
      return c == '\n' ? EndHead() : Fail(Reason::kFieldSyntax);
    case Phase::kChunkSize:
      return StepChunkSize(c);
    case Phase::kChunkBlank:
      return StepChunkBlank(c);
    case Phase::kChunkExtension:
      return StepChunkExtension(c);
    case Phase::kChunkLineFeed:
      return c == '\n' ? EndChunkLine() : Fail(Reason::kChunkSyntax);
    case Phase::kChunkDataReturn:
      return Expect(c, '\r', Phase::kChunkDataLineFeed, Reason::kChunkSyntax);
    case Phase::kChunkDataLineFeed:
      chunk_digits_ = 0;
      return Expect(c, '\n', Phase::kChunkSize, Reason::kChunkSyntax);
    case Phase::kBodyOfLength:
    case Phase::kBodyUntilClose:
    case Phase::kChunkData:
    case Phase::kComplete:
    case Phase::kFailed:
      break;  // Decode does not come here in these.
  }
}

void ResponseParser::Expect(char c, char wanted, Phase next, Reason otherwise) {
  if (c != wanted) {
    return Fail(otherwise);
  }
  phase_ = next;
}

/// Counts an octet of a header or trailer section. False: a limit is passed, the parser failed.
bool ResponseParser::CountSectionByte() {
  head_size_ += head_complete_ ? 0U : 1U;
  ++section_size_;
  ++line_size_;
  if (section_size_ > config::kMaxHeadBytes || line_size_ > config::kMaxLineBytes) {
    Fail(Reason::kHeadTooLarge);
    return false;
  }
  return true;
}

void ResponseParser::BeginSection() {
  section_size_ = 0;
  line_size_ = 0;
  field_count_ = 0;
  field_ = Field::kOther;
}

void ResponseParser::StepStatusLine(char c) {
  const std::size_t at = line_size_;
  if (!CountSectionByte()) {
    return;
  }
  if (at == kStatusLinePattern.size()) {
    if (c != ' ' && c != '\r') {  // The blank in front of an empty reason is often left out.
      return Fail(Reason::kStatusLine);
    }
    phase_ = c == ' ' ? Phase::kReasonPhrase : Phase::kLineFeed;
    return;
  }
  if (kStatusLinePattern[at] != '#') {
    return Expect(c, kStatusLinePattern[at], Phase::kStatusLine, Reason::kStatusLine);
  }
  if (!IsDigit(c)) {
    return Fail(Reason::kStatusLine);
  }
  if (at == kMinorVersionAt) {
    http_1_0_ = c == '0';
  } else if (at == kStatusCodeAt) {
    if (c == '0' || c > '5') {
      return Fail(Reason::kStatusLine);  // RFC 9110 section 15: the first digit is 1..5.
    }
    status_ = static_cast<std::uint16_t>(DigitValue(c));
  } else {
    status_ = static_cast<std::uint16_t>(status_ * 10U + DigitValue(c));
  }
}

void ResponseParser::StepReasonPhrase(char c) {
  if (!CountSectionByte()) {
    return;
  }
  if (c == '\r') {
    phase_ = Phase::kLineFeed;
  } else if (!IsFieldCharacter(c)) {
    Fail(Reason::kStatusLine);
  }
}

void ResponseParser::StepLineFeed(char c) {
  if (CountSectionByte()) {
    line_size_ = 0;
    Expect(c, '\n', Phase::kFieldStart, Reason::kFieldSyntax);
  }
}

void ResponseParser::StepFieldStart(char c) {
  if (!CountSectionByte()) {
    return;
  }
  if ((c == ' ' || c == '\t') && field_count_ > 0) {
    if (value_size_ > 0) {
      KeepValue(' ');  // RFC 9112 section 5.2: an obsolete line folding counts as a blank.
    }
    phase_ = Phase::kFieldBlank;
    return;
  }
  EndField();
  if (phase_ == Phase::kFailed) {
    return;
  }
  if (c == '\r') {
    phase_ = Phase::kHeadEnd;
    return;
  }
  if (++field_count_ > config::kMaxFields) {
    return Fail(Reason::kHeadTooLarge);
  }
  name_size_ = 0;
  value_size_ = 0;
  value_cut_ = false;
  phase_ = Phase::kFieldName;
  TakeNameOctet(c);
}

void ResponseParser::StepFieldName(char c) {
  if (!CountSectionByte()) {
    return;
  }
  if (c != ':') {
    return TakeNameOctet(c);
  }
  phase_ = Phase::kFieldBlank;
  if (head_complete_) {
    return;  // Trailer fields are checked and dropped.
  }
  const std::string_view name(value_.data(), name_size_);
  // Where there is no content, nothing that is said of its length counts.
  for (std::size_t i = body_expected_ ? 0 : kFieldsOfLength; i < kFieldNames.size(); ++i) {
    if (EqualsIgnoringCase(name, kFieldNames[i])) {
      field_ = static_cast<Field>(i);
    }
  }
}

void ResponseParser::TakeNameOctet(char c) {
  return IsTokenCharacter(c) ? KeepName({&c, 1}) : Fail(Reason::kFieldSyntax);
}

/// Keeps as much of a name as tells it from those of interest, where its value comes later.
void ResponseParser::KeepName(std::string_view part) {
  const std::string_view kept = Part(part, 0, kLongestName + 1U - name_size_);
  CopyBytes(AsBytes(kept), {reinterpret_cast<std::uint8_t*>(&value_[name_size_]), kept.size()});
  name_size_ = static_cast<std::uint8_t>(name_size_ + kept.size());
}

void ResponseParser::StepFieldBlank(char c) {
  if (c == ' ' || c == '\t') {
    static_cast<void>(CountSectionByte());
    return;
  }
  phase_ = Phase::kFieldValue;
  StepFieldValue(c);
}

void ResponseParser::StepFieldValue(char c) {
  if (!CountSectionByte()) {
    return;
  }
  if (c == '\r') {
    phase_ = Phase::kLineFeed;
  } else if (IsFieldCharacter(c)) {
    KeepValue(c);
  } else {
    Fail(Reason::kFieldSyntax);
  }
}

void ResponseParser::KeepValue(char c) {
  if (field_ == Field::kOther) {
    return;
  }
  if (value_size_ < value_.size()) {
    value_[value_size_++] = c;
  } else {
    value_cut_ = value_cut_ || (c != ' ' && c != '\t');
  }
}

/// Draws the meaning from a field of interest, now that no folded line can follow.
void ResponseParser::EndField() {
  const std::string_view value = WithoutTrailingBlanks({value_.data(), value_size_});
  const Field field = field_;
  field_ = Field::kOther;
  switch (field) {
    case Field::kContentLength:
      return EndContentLength(value);
    case Field::kTransferEncoding:
      if (chunked_ || value_cut_ || !EqualsIgnoringCase(value, "chunked"sv)) {
        return Fail(Reason::kTransferCoding);
      }
      chunked_ = true;
      return;
    case Field::kContentEncoding:
      content_coded_ = content_coded_ || value_cut_ ||
                       (!value.empty() && !EqualsIgnoringCase(value, "identity"sv));
      return;
    case Field::kRetryAfter:
      return EndRetryAfter(value);
    case Field::kLocation:
      return location_.Assign(value);
    case Field::kDate:
      date_ = ToDate(value);
      return;
    case Field::kConnection:
      closes_ = closes_ || value_cut_ || HasClose(value);
      return;
    case Field::kOther:
      return;
  }
}

void ResponseParser::EndContentLength(std::string_view value) {
  if (has_length_ || value_cut_ || !ReadDecimal(value, remaining_)) {
    return Fail(Reason::kContentLength);
  }
  has_length_ = true;
}

void ResponseParser::EndRetryAfter(std::string_view value) {
  std::uint64_t seconds = 0;
  const bool is_number = !value_cut_ && ReadDecimal(value, seconds);
  retry_after_s_ = static_cast<std::uint32_t>(std::min(seconds, kMostSeconds));
  retry_at_ = is_number ? UnixSeconds{0} : ToDate(value);
}

UnixSeconds ResponseParser::ToDate(std::string_view value) const {
  return value_cut_ ? UnixSeconds{0} : ParseHttpDate(value).value_or(UnixSeconds{0});
}

std::uint32_t ResponseParser::retry_after_s() const {
  if (date_.count == 0 || retry_at_ <= date_) {
    return retry_after_s_;
  }
  const auto wait = static_cast<std::uint64_t>(retry_at_.count - date_.count);
  return static_cast<std::uint32_t>(std::min(wait, kMostSeconds));
}

void ResponseParser::EndHead() {
  if (!CountSectionByte()) {
    return;
  }
  if (head_complete_) {  // That was the trailer section.
    phase_ = Phase::kComplete;
    return;
  }
  if (status_ >= 200) {
    return BeginBody();
  }
  if (status_ == kSwitchingProtocols) {
    return Fail(Reason::kUpgrade);
  }
  if (++interim_count_ > config::kMaxInterimResponses) {
    return Fail(Reason::kInterimFlood);
  }
  BeginHead();
}

/// Forgets an interim response: its fields say nothing about the final one.
void ResponseParser::BeginHead() {
  BeginSection();
  has_length_ = false;
  chunked_ = false;
  remaining_ = 0;
  date_ = UnixSeconds{0};
  retry_after_s_ = 0;
  retry_at_ = UnixSeconds{0};
  content_coded_ = false;
  closes_ = false;
  location_ = PeerText();
  phase_ = Phase::kStatusLine;
}

/// Decides how long the content is (RFC 9112 section 6.3).
void ResponseParser::BeginBody() {
  head_complete_ = true;
  if (chunked_ && has_length_) {
    return Fail(Reason::kConflictingLength);
  }
  if (chunked_ && http_1_0_) {
    return Fail(Reason::kTransferCoding);
  }
  BeginSection();
  const bool never_has_body = status_ == kNoContent || status_ == kNotModified;
  if (never_has_body || !body_expected_ || (has_length_ && remaining_ == 0)) {
    remaining_ = 0;
    phase_ = Phase::kComplete;
  } else if (chunked_) {
    phase_ = Phase::kChunkSize;
  } else {
    closes_ = closes_ || !has_length_;
    phase_ = has_length_ ? Phase::kBodyOfLength : Phase::kBodyUntilClose;
  }
}

void ResponseParser::StepChunkSize(char c) {
  if (IsHexDigit(c) && chunk_digits_ < kMaxChunkDigits) {
    remaining_ = (chunk_digits_ == 0 ? 0 : remaining_ * 16) + HexDigitValue(c);
    ++chunk_digits_;
    if (remaining_ > kMaxChunkSize) {
      Fail(Reason::kChunkSyntax);
    }
  } else if (chunk_digits_ == 0) {
    Fail(Reason::kChunkSyntax);
  } else {
    StepChunkBlank(c);
  }
}

/// What may follow a size: blanks, the first extension, the end of the line.
void ResponseParser::StepChunkBlank(char c) {
  if (c == '\r') {
    phase_ = Phase::kChunkLineFeed;
    return;
  }
  if (!CountSectionByte()) {
    return;
  }
  if (c == ';') {
    phase_ = Phase::kChunkExtension;
  } else if (c == ' ' || c == '\t') {
    phase_ = Phase::kChunkBlank;
  } else {
    Fail(Reason::kChunkSyntax);
  }
}

/// Extensions mean nothing to this recipient; their sum is limited like a header section.
void ResponseParser::StepChunkExtension(char c) {
  if (c == '\r') {
    phase_ = Phase::kChunkLineFeed;
  } else if (CountSectionByte() && !IsFieldCharacter(c)) {
    Fail(Reason::kChunkSyntax);
  }
}

void ResponseParser::EndChunkLine() {
  line_size_ = 0;
  if (remaining_ > 0) {
    phase_ = Phase::kChunkData;
    return;
  }
  BeginSection();
  phase_ = Phase::kFieldStart;
}

void ResponseParser::Fail(Reason why) {
  reason_ = why;
  phase_ = Phase::kFailed;
}

}  // namespace connect_auth
