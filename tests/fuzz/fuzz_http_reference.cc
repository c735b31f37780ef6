// SPDX-License-Identifier: Apache-2.0
//
// The verdict on a response against that of another parser, Node's http-parser 2.9. Where both
// accept a response, they agree on its status, its content and where it ends. What only one of them
// accepts has to be of a class that is argued below; anything else ends the program, as whoever
// reads a message otherwise than a proxy before him can be smuggled to.
#include <http_parser.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/http/ascii.h"
#include "agent/http/response_parser.h"
#include "tests/fuzz/fuzz.h"

namespace connect_auth::fuzz {
namespace {

struct Verdict {
  bool accepted = true;  ///< So far.
  bool head_complete = false;
  bool complete = false;
  std::uint16_t status = 0;
  std::string content;
  std::size_t taken = 0;  ///< Octets, up to the end or to that which was refused.
  std::size_t head_size = 0;
  std::size_t behind_content = 0;  ///< How many of them came behind the last one of content.
  Reason reason = Reason::kNone;
};

Verdict Ours(ConstBytes octets, bool has_body) {
  const Exact wire(octets);
  ResponseParser parser;
  parser.Reset(has_body);
  Verdict verdict;
  while (verdict.accepted && verdict.taken < octets.size() && !parser.complete()) {
    const Bytes octet = wire.bytes().subspan(verdict.taken++, 1);
    const IoResult content = parser.Decode(octet);
    verdict.accepted = content.ok();
    verdict.content += AsText(octet.first(content.ok() ? content.bytes() : 0));
    verdict.behind_content = content.ok() && content.bytes() == 1 ? 0 : verdict.behind_content + 1;
  }
  verdict.reason = parser.reason();
  verdict.head_complete = parser.head_complete();
  verdict.complete = parser.complete();
  verdict.head_size = parser.head_size();
  verdict.status = parser.status();
  return verdict;
}

/// The reference, message by message: what it thinks of connections that are kept between an
/// interim response and the final one is no matter here.
class Reference {
 public:
  explicit Reference(bool has_body) : has_body_(has_body) {
    ::http_parser_settings_init(&settings_);
    settings_.on_headers_complete = [](http_parser* parser) { return Of(parser).EndHead(); };
    settings_.on_message_complete = [](http_parser* parser) { return Of(parser).EndMessage(); };
    settings_.on_body = [](http_parser* parser, const char* at, std::size_t size) {
      Of(parser).verdict_.content.append(at, size);
      return 0;
    };
  }

  Verdict Judge(ConstBytes octets) {
    Begin();
    while (verdict_.accepted && verdict_.taken < octets.size() && !verdict_.complete) {
      const std::string_view rest = AsText(octets.subspan(verdict_.taken));
      verdict_.taken += ::http_parser_execute(&parser_, &settings_, rest.data(), rest.size());
      const auto error = static_cast<http_errno>(parser_.http_errno);
      verdict_.accepted = error == HPE_OK || error == HPE_PAUSED;
      if (error == HPE_PAUSED && !verdict_.complete) {
        Begin();
      }
    }
    return verdict_;
  }

 private:
  static Reference& Of(http_parser* parser) { return *static_cast<Reference*>(parser->data); }

  void Begin() {
    ::http_parser_init(&parser_, HTTP_RESPONSE);
    parser_.data = this;
  }
  bool is_final() const { return parser_.status_code >= 200 || parser_.status_code == 101; }
  /// @return  1: no content follows. The reference leaves it to its user to know which responses
  ///          have none (RFC 9112 section 6.3).
  int EndHead() {
    constexpr std::uint16_t kNoContent = 204;
    constexpr std::uint16_t kNotModified = 304;
    verdict_.status = static_cast<std::uint16_t>(parser_.status_code);
    verdict_.head_complete = is_final();
    return is_final() && has_body_ && verdict_.status != kNoContent &&
                   verdict_.status != kNotModified
               ? 0
               : 1;
  }
  int EndMessage() {
    verdict_.complete = is_final();
    ::http_parser_pause(&parser_, 1);
    return 0;
  }

  http_parser parser_{};
  http_parser_settings settings_{};
  Verdict verdict_;
  bool has_body_;
};

/// The part of a stream that was looked at, the way a person reads it.
class Evidence {
 public:
  Evidence(ConstBytes octets, const Verdict& ours)
      : text_(AsText(octets.first(ours.taken))),
        head_size_(ours.head_size),
        behind_content_(ours.behind_content) {
    for (std::string_view rest = text_; !rest.empty();) {
      const std::size_t end = std::min(rest.find("\r\n"), rest.size());
      AddLine(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
  }

  const char& last() const { return text_.back(); }
  char last_but_one() const { return text_.size() > 1 ? text_[text_.size() - 2] : '\n'; }
  std::size_t size() const { return text_.size(); }
  std::size_t behind_content() const { return behind_content_; }
  std::string_view last_line() const {
    const std::size_t end = text_.rfind("\r\n");
    return end == std::string_view::npos ? text_ : text_.substr(end + 2);
  }
  /// Whether a line behind the head, in a chunk or in the trailer, is a field of that name.
  bool HasBehindHead(std::string_view name) const {
    std::string_view rest = text_.substr(head_size_);
    for (std::size_t end = rest.find("\r\n"); end != std::string_view::npos;
         end = rest.find("\r\n")) {
      rest.remove_prefix(end + 2);
      if (StartsWithIgnoringCase(rest, name)) {
        return true;
      }
    }
    return false;
  }
  std::size_t lines() const { return lines_.size(); }
  bool Has(std::string_view what) const { return text_.find(what) != std::string_view::npos; }

  /// What fields of that name say, in all messages.
  std::vector<std::string> ValuesOf(std::string_view name) const {
    std::vector<std::string> values;
    for (const std::string& line : lines_) {
      const std::size_t colon = line.find(':');
      if (colon != std::string::npos && EqualsIgnoringCase(line.substr(0, colon), name)) {
        values.push_back(WithoutBlanks(line.substr(colon + 1)));
      }
    }
    return values;
  }
  bool HasLongerName(std::string_view begin) const {
    return std::any_of(lines_.begin(), lines_.end(), [begin](const std::string& line) {
      return StartsWithIgnoringCase(line, begin) && !line.substr(begin.size()).starts_with(':');
    });
  }
  /// White space around a length is blanks and tabs (RFC 9110 section 5.6.3); the reference knows
  /// blanks alone, behind that of the content as of a chunk.
  bool HasTabAtLength() const {
    return std::any_of(lines_.begin(), lines_.end(), [](const std::string& line) {
      return (StartsWithIgnoringCase(line, "content-length") || IsHexDigit(line.c_str()[0])) &&
             line.find('\t') != std::string::npos;
    });
  }
  /// How often a message begins like this.
  std::ptrdiff_t Count(std::string_view begin) const {
    return std::count_if(lines_.begin(), lines_.end(),
                         [begin](const std::string& line) { return line.starts_with(begin); });
  }

 private:
  static std::string WithoutBlanks(const std::string& text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    const std::size_t last = text.find_last_not_of(" \t");
    return begin == std::string::npos ? std::string() : text.substr(begin, last - begin + 1);
  }
  void AddLine(std::string_view line) {
    const bool folded = !lines_.empty() && (line.starts_with(' ') || line.starts_with('\t'));
    if (folded) {
      lines_.back() += " " + WithoutBlanks(std::string(line));
    } else {
      lines_.emplace_back(line);
    }
  }

  std::string_view text_;
  std::size_t head_size_;
  std::size_t behind_content_;
  std::vector<std::string> lines_;
};

bool IsLength(const std::string& value) {
  constexpr std::size_t kMostDigits = 18;  // They fit 63 bits, whatever they are.
  return !value.empty() && value.size() <= kMostDigits && AllAre(value, IsDigit);
}

/// RFC 9112 section 2.2 lets a recipient take a bare LF for a line end, and some more than that.
bool BreaksLine(const Evidence& sent) {
  return sent.last() == '\n' || sent.last_but_one() == '\r';
}

/// Whether a line may go on to be `HTTP/1.1 200 OK`, or the like.
bool BeginsStatusLine(std::string_view line) {
  constexpr std::string_view kPattern = "HTTP/1.# *## ";  // '*': 1 to 5
  for (std::size_t i = 0; i < line.size() && i < kPattern.size(); ++i) {
    const char wanted = kPattern[i];
    const bool fits = wanted == '#'   ? IsDigit(line[i])
                      : wanted == '*' ? line[i] >= '1' && line[i] <= '5'
                                      : line[i] == wanted;
    if (!fits) {
      return false;
    }
  }
  return AllAre(line, IsFieldCharacter);
}

/// Where we refuse what the reference accepts: each class shows in what was sent.
struct Stricter {
  Reason reason;
  bool (*shows)(const Evidence& sent);
};
constexpr Stricter kStricter[] = {
    // Another version, a status that no class has (RFC 9110 section 15), empty lines in front.
    {Reason::kStatusLine,
     [](const Evidence& sent) { return BreaksLine(sent) || !BeginsStatusLine(sent.last_line()); }},
    // What RFC 9110 section 5 does not allow in a name or value; a blank in front of the colon.
    {Reason::kFieldSyntax,
     [](const Evidence& sent) {
       return BreaksLine(sent) || !IsFieldCharacter(sent.last()) || !IsTokenCharacter(sent.last());
     }},
    // Limits of our own.
    {Reason::kHeadTooLarge,
     [](const Evidence& sent) {
       return sent.lines() > config::kMaxFields || sent.size() > config::kMaxLineBytes;
     }},
    {Reason::kInterimFlood,
     [](const Evidence& sent) {
       return sent.Count("HTTP/1.") > static_cast<std::ptrdiff_t>(config::kMaxInterimResponses);
     }},
    // Nobody asked to switch protocols.
    {Reason::kUpgrade, [](const Evidence& sent) { return sent.Has(" 101"); }},
    // A length that is repeated, or so long that it is none (RFC 9112 section 6.3).
    {Reason::kContentLength,
     [](const Evidence& sent) {
       const std::vector<std::string> lengths = sent.ValuesOf("content-length");
       return lengths.size() > 1 || !std::all_of(lengths.begin(), lengths.end(), IsLength);
     }},
    // Codings that nobody asked for, and chunks where HTTP/1.0 does not know them.
    {Reason::kTransferCoding,
     [](const Evidence& sent) {
       const std::vector<std::string> codings = sent.ValuesOf("transfer-encoding");
       return codings.size() > 1 || sent.Has("HTTP/1.0") ||
              (!codings.empty() && !EqualsIgnoringCase(codings.front(), "chunked"));
     }},
    // Which of both counts is told otherwise by each reader (RFC 9112 section 6.1).
    {Reason::kConflictingLength,
     [](const Evidence& sent) {
       return !sent.ValuesOf("content-length").empty() &&
              !sent.ValuesOf("transfer-encoding").empty();
     }},
    // Chunks of 4 GiB and more, sizes of more than 16 digits, control characters in extensions; a
    // size and a blank, and behind that no extension. To the reference 0x80 to 0xFF are digits, and
    // as it is packaged it does not look at the two octets behind a chunk.
    {Reason::kChunkSyntax,
     [](const Evidence& sent) {
       return BreaksLine(sent) || sent.behind_content() <= 2 || IsHexDigit(sent.last()) ||
              !IsVisible({&sent.last(), 1}) || sent.last_but_one() == ' ' ||
              sent.last_but_one() == '\t';
     }},
};

bool IsStricter(Reason reason, const Evidence& sent) {
  return std::any_of(std::begin(kStricter), std::end(kStricter), [&](const Stricter& known) {
    return known.reason == reason && known.shows(sent);
  });
}

/// The reference takes a field whose name only begins like this for one of transfer codings.
bool IsMisread(const Evidence& sent) {
  return sent.HasLongerName("transfer-encoding");
}

/// Where we accept what the reference refuses.
bool IsLaxer(const Verdict& ours, const Evidence& sent, bool has_body) {
  // We look at a field when its last line is known, the reference at each octet.
  const bool is_early = !ours.head_complete;
  // Where no content can be, nothing that is said of its length counts (RFC 9110 section 9.3.6).
  const bool says_length =
      !sent.ValuesOf("content-length").empty() || !sent.ValuesOf("transfer-encoding").empty();
  const bool is_moot = !has_body && says_length;
  // Fields behind the chunks are checked and dropped; the reference minds lengths there.
  const bool in_trailer =
      sent.HasBehindHead("content-length") || sent.HasBehindHead("transfer-encoding");
  return is_early || is_moot || in_trailer || sent.HasTabAtLength() || IsMisread(sent);
}

}  // namespace

void Run(ConstBytes octets) {
  Input input(octets);
  const bool has_body = !input.Flag();
  const Verdict ours = Ours(input.rest(), has_body);
  const Verdict theirs = Reference(has_body).Judge(input.rest());
  const Evidence sent(input.rest(), ours);
  if (!ours.accepted) {
    Check(!theirs.accepted || IsStricter(ours.reason, sent) || IsMisread(sent),
          "what is refused is of a class");
  } else if (!theirs.accepted) {
    Check(IsLaxer(ours, sent, has_body), "what is accepted is of a class");
  } else if (ours.head_complete && !IsMisread(sent)) {
    Check(theirs.status == ours.status, "the same status");
    Check(theirs.complete == ours.complete, "the same end");
    Check(theirs.content == ours.content, "the same content");
    Check(!ours.complete || theirs.taken == ours.taken, "of the same size");
  }
}

}  // namespace connect_auth::fuzz
