// GNU readline for Swift: the headers in the order they ask for, and accessors for the globals.
//
// Swift 6 refuses a C library's global variables as shared mutable state. Readline belongs to the main
// thread alone (Sources/msh/Terminal/LineEditor.swift), which reaches them through these functions.

#ifndef MSH_READLINE_SHIM_H
#define MSH_READLINE_SHIM_H

// readline.h uses FILE without declaring it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

// Leaves SIGINT and SIGTERM to the program; window sizes stay with readline.
static inline void msh_rl_leave_signals_alone(void) {
  rl_catch_signals = 0;
  rl_catch_sigwinch = 1;
}

// Names the program for conditional lines in the user's inputrc.
static inline void msh_rl_set_name(const char *name) { rl_readline_name = name; }

// Sets who completes and which characters end the word before the cursor.
static inline void msh_rl_set_completion(rl_completion_func_t *complete,
                                         rl_cpvfunc_t *word_breaks) {
  rl_attempted_completion_function = complete;
  rl_completion_word_break_hook = word_breaks;
}

// Says whether this completion is over, or readline may go on with file names.
static inline void msh_rl_finish_completion(int is_over, int append) {
  rl_attempted_completion_over = is_over;
  rl_completion_append_character = append;
}

// The line as typed so far; valid until the next key.
static inline const char *msh_rl_line(void) { return rl_line_buffer ? rl_line_buffer : ""; }

// Where the cursor is, in bytes.
static inline int msh_rl_point(void) { return rl_point; }

// Text that readline shall free.
static inline char *msh_rl_copy(const char *text) { return strdup(text); }

#endif
