// Opens PCRE2 with dlopen and calls it through a table of functions.

#define PCRE2_CODE_UNIT_WIDTH 8
#include "CRegex.h"

#include <dlfcn.h>
#include <pcre2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
  __typeof__(&pcre2_compile) compile;
  __typeof__(&pcre2_code_free) code_free;
  __typeof__(&pcre2_get_error_message) get_error_message;
  __typeof__(&pcre2_pattern_info) pattern_info;
  __typeof__(&pcre2_compile_context_create) compile_context_create;
  __typeof__(&pcre2_compile_context_free) compile_context_free;
  __typeof__(&pcre2_set_max_pattern_length) set_max_pattern_length;
  __typeof__(&pcre2_match_context_create) match_context_create;
  __typeof__(&pcre2_match_context_free) match_context_free;
  __typeof__(&pcre2_set_callout) set_callout;
  __typeof__(&pcre2_set_match_limit) set_match_limit;
  __typeof__(&pcre2_set_heap_limit) set_heap_limit;
  __typeof__(&pcre2_match_data_create_from_pattern) match_data_create;
  __typeof__(&pcre2_match_data_free) match_data_free;
  __typeof__(&pcre2_match) match;
  __typeof__(&pcre2_get_ovector_pointer) get_ovector_pointer;
} pcre;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char problem[512];

static void *find(void *library, const char *name) {
  void *symbol = dlsym(library, name);
  if (!symbol && !problem[0]) {
    snprintf(problem, sizeof problem, "libpcre2-8.so.0 lacks %s: PCRE2 10.30 or newer is needed",
             name);
  }
  return symbol;
}

static void load(void) {
  void *library = dlopen("libpcre2-8.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    snprintf(problem, sizeof problem,
             "PCRE2 cannot be opened, install the package libpcre2-8-0 (%s)",
             reason ? reason : "no reason given");
    return;
  }
  // POSIX lets a data pointer from dlsym be used as a function.
  *(void **)&pcre.compile = find(library, "pcre2_compile_8");
  *(void **)&pcre.code_free = find(library, "pcre2_code_free_8");
  *(void **)&pcre.get_error_message = find(library, "pcre2_get_error_message_8");
  *(void **)&pcre.pattern_info = find(library, "pcre2_pattern_info_8");
  *(void **)&pcre.compile_context_create = find(library, "pcre2_compile_context_create_8");
  *(void **)&pcre.compile_context_free = find(library, "pcre2_compile_context_free_8");
  *(void **)&pcre.set_max_pattern_length = find(library, "pcre2_set_max_pattern_length_8");
  *(void **)&pcre.match_context_create = find(library, "pcre2_match_context_create_8");
  *(void **)&pcre.match_context_free = find(library, "pcre2_match_context_free_8");
  *(void **)&pcre.set_callout = find(library, "pcre2_set_callout_8");
  *(void **)&pcre.set_match_limit = find(library, "pcre2_set_match_limit_8");
  *(void **)&pcre.set_heap_limit = find(library, "pcre2_set_heap_limit_8");
  *(void **)&pcre.match_data_create = find(library, "pcre2_match_data_create_from_pattern_8");
  *(void **)&pcre.match_data_free = find(library, "pcre2_match_data_free_8");
  *(void **)&pcre.match = find(library, "pcre2_match_8");
  *(void **)&pcre.get_ovector_pointer = find(library, "pcre2_get_ovector_pointer_8");
}

const char *cregex_load(void) {
  pthread_once(&once, load);
  return problem[0] ? problem : NULL;
}

// A longer pattern was not written by a person, and compiling it cannot be stopped.
static const size_t longest_pattern = 65536;
// About a second of matching, and what backtracking may keep (KiB).
static const uint32_t step_limit = 20000000, memory_limit = 65536;

cregex *cregex_compile(const uint8_t *pattern, size_t length, int *error, size_t *place) {
  pcre2_compile_context *context = pcre.compile_context_create(NULL);
  if (context) pcre.set_max_pattern_length(context, longest_pattern);
  uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C |
                     PCRE2_AUTO_CALLOUT;
  pcre2_code *code = pcre.compile(pattern, length, options, error, place, context);
  if (context) pcre.compile_context_free(context);
  return (cregex *)code;
}

void cregex_free(cregex *regex) { pcre.code_free((pcre2_code *)regex); }

void cregex_reason(int error, char *buffer, size_t size) {
  if (pcre.get_error_message(error, (PCRE2_UCHAR *)buffer, size) < 0 && size) buffer[0] = 0;
}

static uint32_t info(const cregex *regex, uint32_t what) {
  uint32_t value = 0;
  return pcre.pattern_info((const pcre2_code *)regex, what, &value) == 0 ? value : 0;
}

uint32_t cregex_group_count(const cregex *regex) { return info(regex, PCRE2_INFO_CAPTURECOUNT); }

uint32_t cregex_name_count(const cregex *regex) { return info(regex, PCRE2_INFO_NAMECOUNT); }

const char *cregex_name(const cregex *regex, uint32_t index, uint32_t *group) {
  PCRE2_SPTR table = NULL;
  if (pcre.pattern_info((const pcre2_code *)regex, PCRE2_INFO_NAMETABLE, &table) != 0) return NULL;
  // An entry is the group's number in two bytes and its name with a zero.
  PCRE2_SPTR entry = table + (size_t)index * info(regex, PCRE2_INFO_NAMEENTRYSIZE);
  *group = (uint32_t)entry[0] << 8 | entry[1];
  return (const char *)entry + 2;
}

struct cregex_match {
  const pcre2_code *code;
  pcre2_match_context *context;
  pcre2_match_data *data;
  bool (*should_stop)(void *);
  void *stop_context;
  // Items of the pattern that may be tried before `should_stop` is asked again.
  int patience;
};

// Measured at some tens of nanoseconds an item.
static const int most_patience = 2000;

static int called_out(pcre2_callout_block *block, void *context) {
  (void)block;
  cregex_match *match = context;
  if (--match->patience > 0) return 0;
  match->patience = most_patience;
  return match->should_stop(match->stop_context) ? PCRE2_ERROR_CALLOUT : 0;
}

cregex_match *cregex_match_new(const cregex *regex, bool (*should_stop)(void *), void *context) {
  cregex_match *match = calloc(1, sizeof *match);
  if (!match) return NULL;
  match->code = (const pcre2_code *)regex;
  match->should_stop = should_stop;
  match->stop_context = context;
  match->patience = most_patience;
  match->context = pcre.match_context_create(NULL);
  match->data = pcre.match_data_create(match->code, NULL);
  if (!match->context || !match->data) {
    cregex_match_free(match);
    return NULL;
  }
  pcre.set_callout(match->context, called_out, match);
  pcre.set_match_limit(match->context, step_limit);
  pcre.set_heap_limit(match->context, memory_limit);
  return match;
}

void cregex_match_free(cregex_match *match) {
  if (match->data) pcre.match_data_free(match->data);
  if (match->context) pcre.match_context_free(match->context);
  free(match);
}

int cregex_find(cregex_match *match, const uint8_t *text, size_t length, size_t start,
                bool is_retry) {
  uint32_t options = PCRE2_NO_UTF_CHECK;
  if (is_retry) options |= PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED;
  int result = pcre.match(match->code, text, length, start, options, match->data, match->context);
  if (result > 0) return CREGEX_FOUND;
  switch (result) {
    case PCRE2_ERROR_NOMATCH: return CREGEX_NOT_FOUND;
    case PCRE2_ERROR_CALLOUT: return CREGEX_STOPPED;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT: return CREGEX_TOO_LONG;
    case PCRE2_ERROR_HEAPLIMIT:
    case PCRE2_ERROR_NOMEMORY: return CREGEX_TOO_LARGE;
    default: return CREGEX_FAILED;
  }
}

bool cregex_group(const cregex_match *match, uint32_t group, size_t *start, size_t *end) {
  const PCRE2_SIZE *offsets = pcre.get_ovector_pointer(match->data);
  *start = offsets[2 * group];
  *end = offsets[2 * group + 1];
  // `\K` in a lookahead can end a match before it starts.
  return *start != PCRE2_UNSET && *start <= *end;
}
