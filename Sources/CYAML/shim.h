// libyaml for Swift: the parser of YAML texts, called directly.
//
// A Swift package around it would bring full Foundation and ICU with it: 60 MB of program, and most of
// the time that the smallest script takes.
#ifndef CYAML_SHIM_H
#define CYAML_SHIM_H

#include <yaml.h>

#endif
