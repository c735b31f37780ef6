// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/http/body_source.h"
#include "port/bytes.h"
#include "port/result.h"

namespace connect_auth {

/// The content of a request on its way to the wire: octets in memory as they are, those of a source
/// piece by piece, in chunks where their number is not known.
class RequestBody {
 public:
  /// Room for a chunk of one octet: size, line end, octet, line end.
  static constexpr std::size_t kLeastRoom = 8 + 2 + 1 + 2;

  constexpr RequestBody() = default;
  /// @param octets  Content in memory. Borrowed until it is sent.
  /// @param source  Content instead of that; nullptr: none. Borrowed for the life of this object.
  RequestBody(ConstBytes octets, BodySource* source);

  /// The next octets for the wire.
  ///
  /// @param room  For octets of a source, at least kLeastRoom.
  /// @return value         Never empty. Borrowed like `room`, or the content in memory.
  /// @return kPending      The source has none yet.
  /// @return kClosed       Those were all.
  /// @return kUnavailable  The source ended before its `size()`.
  /// @return other         What the source said.
  Result<ConstBytes> Next(Bytes room);

  /// Sees to it that the content can be sent once more, from its first octet, by another object.
  ///
  /// @return false  The source has handed out octets and cannot go back.
  bool Rewind() { return !taken_ || source_->Rewind(); }

 private:
  Result<ConstBytes> NextOctets(Bytes room);
  Result<ConstBytes> NextChunk(Bytes room);

  ConstBytes octets_;
  BodySource* source_ = nullptr;
  std::size_t left_ = 0;  // of the source's octets, where their number is known
  bool chunked_ = false;
  bool taken_ = false;  // The source has handed out octets.
  bool ended_ = false;  // The last chunk was made.
};

}  // namespace connect_auth
