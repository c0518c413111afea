/*
 * What requests have in common and the tables of fields can't check.
 */
#pragma once

#include <stdbool.h>

struct error;
struct labels;

/* Each is fine with what is absent. Errors: -ERROR_INVALID_PARAMETER for a token and
 * labels, -ERROR_INVALID_NAME. */
int request_check_token(const char *token, struct error *ret_error);
int request_check_labels(const struct labels *labels, struct error *ret_error);
int request_check_name(const char *name, struct error *ret_error);

/* Equal, or both private (NULL). */
bool request_same_name(const char *a, const char *b);
