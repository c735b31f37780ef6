// SPDX-License-Identifier: Apache-2.0
//
// The same answers through Debian's http-parser, and cJSON or jsmn, as their manuals would have it:
// the status, the whole body, and three members of it.
#include <http_parser.h>

#include <array>
#include <cstdlib>

#include "cJSON.h"
#include "tests/bench/parse_work.h"

#define JSMN_STATIC  // NOLINT(readability-identifier-naming): its name
#include <jsmn.h>

namespace {

using connect_auth::bench::AnswerText;

struct Body {
  std::string_view text;
  bool complete = false;
};

int KeepBody(http_parser* parser, const char* at, std::size_t size) {
  static_cast<Body*>(parser->data)->text = {at, size};
  return 0;
}

int Complete(http_parser* parser) {
  static_cast<Body*>(parser->data)->complete = true;
  return 0;
}

/// Empty: it is no whole answer of status 200.
std::string_view BodyOf(const AnswerText& text) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_body = KeepBody;
  settings.on_message_complete = Complete;
  Body body;
  http_parser parser;
  http_parser_init(&parser, HTTP_RESPONSE);
  parser.data = &body;
  const std::size_t taken = http_parser_execute(&parser, &settings, text.data(), text.size());
  const bool good = taken == text.size() && body.complete && parser.status_code == 200;
  return good ? body.text : std::string_view();
}

std::string_view TextOf(std::string_view json, const jsmntok_t& token) {
  return json.substr(static_cast<std::size_t>(token.start),
                     static_cast<std::size_t>(token.end - token.start));
}

/// What is behind the name in an object without members that have members.
std::string_view Find(std::string_view json, const jsmntok_t* tokens, int count,
                      std::string_view name) {
  for (int i = 1; i + 1 < count; i += 2) {
    if (TextOf(json, tokens[i]) == name) {
      return TextOf(json, tokens[i + 1]);
    }
  }
  return {};
}

bool IsBearer(std::string_view type) {
  return type == "bearer" || type == "Bearer";
}

}  // namespace

int bench_http_parser_cjson(AnswerText* text, std::string_view token) {
  const std::string_view body = BodyOf(*text);
  cJSON* const json = cJSON_ParseWithLength(body.data(), body.size());
  const cJSON* const access = cJSON_GetObjectItemCaseSensitive(json, "access_token");
  const cJSON* const type = cJSON_GetObjectItemCaseSensitive(json, "token_type");
  const cJSON* const lifetime = cJSON_GetObjectItemCaseSensitive(json, "expires_in");
  const bool good = cJSON_IsString(access) != 0 && cJSON_IsString(type) != 0 &&
                    cJSON_IsNumber(lifetime) != 0 && IsBearer(type->valuestring) &&
                    (token.empty() || token == access->valuestring);
  const int seconds = good ? lifetime->valueint : 0;
  cJSON_Delete(json);
  return seconds;
}

int bench_http_parser_jsmn(AnswerText* text, std::string_view token) {
  const std::string_view json = BodyOf(*text);
  std::array<jsmntok_t, 32> tokens;
  jsmn_parser parser;
  jsmn_init(&parser);
  const int count = jsmn_parse(&parser, json.data(), json.size(), tokens.data(), tokens.size());
  const std::string_view access = Find(json, tokens.data(), count, "access_token");
  const std::string_view type = Find(json, tokens.data(), count, "token_type");
  const std::string_view lifetime = Find(json, tokens.data(), count, "expires_in");
  const bool good =
      !access.empty() && IsBearer(type) && !lifetime.empty() && (token.empty() || token == access);
  return good ? static_cast<int>(std::strtol(lifetime.data(), nullptr, 10)) : 0;
}
