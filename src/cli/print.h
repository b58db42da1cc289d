/* print.h - results on stdout: a command makes one JSON value, and one printer writes it, as it is
 * with --json, or by the command's look for people.
 *
 * A look is a text with places in braces:
 *   {name} {name:-12} {name:9.4f}   a member; behind the colon a width (-: to the left), digits and
 *                                   a kind, as printf's f and g, or k: 17.2 k, or s: the letter s,
 *                                   but for the number 1
 *   {name*1e-6:.1f}                 a number times a factor
 *   {?name} ... {|} ... {/}         the first part where there is such a member and it is not null,
 *                                   false, 0, "" or empty; else the second part, if there is one
 *   {*name} ... {/}                 once for each item of a list or member of an object, whose own
 *                                   members come before those outside
 *   {.} {@} {#} {,}                 within: the item, its member's name, its number from 0, and a
 *                                   comma but for the first
 *
 * a.b is the member b of the member a. What is null, or not there, is "-".
 *
 * Cells that end in a tab are a table's: as wide as the widest in the lines of this table, the
 * first and those that are no numbers to the left, without the columns that say only "-" below
 * their heading. Texts that files hold reach the terminal without control characters. */
#ifndef LS_CLI_PRINT_H
#define LS_CLI_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"

/* Takes the reference. Members whose name begins with _ are for the look only; look NULL: there is
 * nothing to say to people. Texts that are no UTF-8, as a file's name may be, are mended. */
void ls_print(const ls_cli *cli, json_t *value, const char *look);
/* The text of a look, as ls_print would write it; ls_mem text. */
char *ls_print_look(json_t *value, const char *look);

/* Rank 0's results on stdout; main checks at the end that stdout took them (74 where not). */
void ls_out(const ls_cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool ls_out_started(void); /* has anything gone to stdout? */

#endif
