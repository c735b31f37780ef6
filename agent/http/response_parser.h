// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/failure.h"
#include "port/bytes.h"
#include "port/clock.h"
#include "port/result.h"

namespace connect_auth {

/// Reads one HTTP/1.x response (RFC 9112) from bytes as they arrive, in pieces of any size.
///
///     kStatusLine ─► kFieldStart ⇄ kField.. ─► kHeadEnd ─┬─► kBodyOfLength ──────────► kComplete
///          ▲                                  1xx│        ├─► kBodyUntilClose ─Finish─► kComplete
///          └─────────────────────────────────────┘        └─► kChunkSize ⇄ kChunk..
///                                                              │ size 0
///                                                              └─► kFieldStart (trailer) ─► ..
///
/// Strict on purpose: where RFC 9112 lets a recipient choose between repair and refusal, this
/// refuses, because whatever repairs differently (a proxy, a server) is a way to smuggle.
/// Keeps no input: fields of interest are reduced to values as they pass, all others are checked
/// and dropped, so a long cookie costs no memory.
class ResponseParser {
 public:
  /// Back to the start of a new response.
  ///
  /// @param body_expected  false for the response to a HEAD or CONNECT request: what it says of a
  ///                       length does not count then (RFC 9110 section 9.3.6).
  void Reset(bool body_expected);

  /// Takes the next bytes of the stream and leaves the content in them at the front of `data`.
  ///
  /// Bytes behind the end of the response are not looked at: see `surplus()`.
  ///
  /// @param data  Borrowed during the call; overwritten.
  /// @return bytes()     Octets of content now at the front of `data`; may be 0.
  /// @return kMalformed  Not a legal response; see `reason()`. Repeated until `Reset`.
  IoResult Decode(Bytes data);

  /// Tells that the peer ended the stream in an orderly way.
  ///
  /// @return kOk         The response is complete, perhaps by just this.
  /// @return kMalformed  It ended too early; see `reason()`.
  Status Finish();

  /// The response has been read to its end.
  bool complete() const { return phase_ == Phase::kComplete; }
  /// The status line and all fields of the final response have been read.
  bool head_complete() const { return head_complete_; }
  /// Octets of content, or of the current chunk, that the peer has announced and not yet sent.
  std::uint64_t announced() const { return remaining_; }
  /// The peer sent more than the response: its connection is good for nothing more.
  bool surplus() const { return surplus_; }
  /// Once complete: whether the connection is good for another request (RFC 9112 section 9.3).
  /// HTTP/1.0 could be asked for that as well, but nobody does.
  bool keeps_connection() const { return complete() && !http_1_0_ && !closes_ && !surplus_; }

  std::uint16_t status() const { return status_; }
  /// Octets from the first octet of the response to the end of the final header section.
  std::size_t head_size() const { return head_size_; }
  /// Retry-After in seconds (RFC 9110 section 10.2.3); 0 when there is none or it is neither a
  /// number nor a date. A date counts from the response's own: it is the server's clock that made
  /// both, and no other is asked. Without a date of the response it is of no use.
  std::uint32_t retry_after_s() const;
  /// When the response was made, by the server's clock; 0: not told. It may be as wrong as that
  /// clock is, and is to be believed only where the server was verified.
  UnixSeconds date() const { return date_; }
  /// The front of the Location field; empty when there is none.
  const PeerText& location() const { return location_; }
  /// The content has a coding that nobody asked for: it is of no use.
  bool content_coded() const { return content_coded_; }
  /// Why the last call failed; kNone before.
  Reason reason() const { return reason_; }

 private:
  enum class Phase : std::uint8_t {
    kStatusLine,
    kReasonPhrase,
    kFieldStart,
    kFieldName,
    kFieldBlank,  // optional white space in front of a value
    kFieldValue,
    kLineFeed,  // of a status or field line
    kHeadEnd,   // line feed of the empty line
    kBodyOfLength,
    kBodyUntilClose,
    kChunkSize,
    kChunkBlank,  // optional white space behind the size
    kChunkExtension,
    kChunkLineFeed,
    kChunkData,
    kChunkDataReturn,
    kChunkDataLineFeed,
    kComplete,
    kFailed,
  };
  enum class Field : std::uint8_t {
    kContentLength,
    kTransferEncoding,
    kContentEncoding,
    kRetryAfter,
    kLocation,
    kDate,
    kConnection,
    kOther,
  };

  bool in_content() const {
    return phase_ == Phase::kBodyOfLength || phase_ == Phase::kBodyUntilClose ||
           phase_ == Phase::kChunkData;
  }
  std::size_t TakeContent(ConstBytes from, Bytes into);
  std::size_t TakeRun(std::string_view text);
  void Step(char c);
  void BeginHead();
  void BeginSection();
  bool CountSectionByte();
  void StepStatusLine(char c);
  void StepReasonPhrase(char c);
  void StepFieldStart(char c);
  void StepFieldName(char c);
  void StepFieldBlank(char c);
  void StepFieldValue(char c);
  void StepChunkSize(char c);
  void StepChunkBlank(char c);
  void StepChunkExtension(char c);
  void StepLineFeed(char c);
  void Expect(char c, char wanted, Phase next, Reason otherwise);
  void TakeNameOctet(char c);
  void KeepName(std::string_view part);
  void KeepValue(char c);
  void EndField();
  void EndContentLength(std::string_view value);
  void EndRetryAfter(std::string_view value);
  UnixSeconds ToDate(std::string_view value) const;
  void EndHead();
  void BeginBody();
  void EndChunkLine();
  void Fail(Reason why);

  // Ordered by size. What belongs to one line is marked so; the rest to the whole response.
  std::uint64_t remaining_ = 0;  // octets of content, or of the chunk, still to come
  UnixSeconds date_;             // 0: none
  UnixSeconds retry_at_;         // Retry-After as a date; 0: none
  std::size_t head_size_ = 0;
  std::size_t section_size_ = 0;     // octets of this section, checked against its limit
  std::size_t line_size_ = 0;        // of one line
  std::uint32_t retry_after_s_ = 0;  // Retry-After as a number
  std::uint16_t status_ = 0;
  Phase phase_ = Phase::kStatusLine;
  Reason reason_ = Reason::kNone;
  Field field_ = Field::kOther;  // of one line: the field whose value is being kept
  std::uint8_t name_size_ = 0;   // of one line
  std::uint8_t value_size_ = 0;  // of one line
  std::uint8_t field_count_ = 0;
  std::uint8_t interim_count_ = 0;
  std::uint8_t chunk_digits_ = 0;
  bool body_expected_ = true;
  bool http_1_0_ = false;
  bool has_length_ = false;
  bool chunked_ = false;
  bool head_complete_ = false;
  bool surplus_ = false;
  bool closes_ = false;  // The peer does, behind the response.
  bool content_coded_ = false;
  bool value_cut_ = false;  // of one line: more came than `value_` holds
  std::array<char, PeerText::kCapacity>
      value_{};  // of one line: the front of the name, then of the value
  PeerText location_;
};

}  // namespace connect_auth
