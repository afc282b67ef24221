// PCRE2 for Swift: the library is opened on first use, and matching asks now and then whether to stop.
//
// Texts are UTF-8 and known to be valid; offsets are in bytes.
#ifndef CREGEX_H
#define CREGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A compiled pattern. It never changes, and any thread may match with it.
typedef struct cregex cregex;
/// The room that a match needs, for one thread at a time.
typedef struct cregex_match cregex_match;

/// Opens the library, once; NULL when it is ready, else why it is not. Thread-safe. Nothing below may be
/// called before it has returned NULL.
const char *cregex_load(void);

/// Compiles a pattern; NULL when it is wrong: `error` is then the reason and `place` an offset in it.
cregex *cregex_compile(const uint8_t *pattern, size_t length, int *error, size_t *place);
void cregex_free(cregex *regex);
/// Writes the reason behind an error's number.
void cregex_reason(int error, char *buffer, size_t size);
/// Number of groups, without the whole match.
uint32_t cregex_group_count(const cregex *regex);
/// Number of named groups.
uint32_t cregex_name_count(const cregex *regex);
/// The name of a named group, by its place in alphabetical order, and the group's number.
const char *cregex_name(const cregex *regex, uint32_t index, uint32_t *group);

enum {
  CREGEX_FOUND = 1,
  CREGEX_NOT_FOUND = 0,
  /// `should_stop` said so.
  CREGEX_STOPPED = -1,
  /// More steps than a match may take.
  CREGEX_TOO_LONG = -2,
  /// More memory than a match may take.
  CREGEX_TOO_LARGE = -3,
  CREGEX_FAILED = -4,
};

/// Makes room for matches; NULL when memory is short.
///
/// `should_stop` is called with `context` about every hundred microseconds of matching.
cregex_match *cregex_match_new(const cregex *regex, bool (*should_stop)(void *), void *context);
void cregex_match_free(cregex_match *match);
/// Looks for the first match from an offset on. `is_retry`: only at that offset, and not an empty one.
int cregex_find(cregex_match *match, const uint8_t *text, size_t length, size_t start, bool is_retry);
/// Where a group of the match that was found last begins and ends; false when it took no part.
bool cregex_group(const cregex_match *match, uint32_t group, size_t *start, size_t *end);

#endif
