/*
 * shmbrokerctl: finds the verb's row, reads its options, runs it. What failed is said
 * in refusal.c.
 */
#include "ctl.h"
#include "options.h"
#include "parse.h"
#include "verbs.h"

#include "config.h"
#include "shmbroker.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
static const struct verb *const verbs[] = {
        &verb_create,
        &verb_open,
        &verb_stat,
        &verb_ls,
        &verb_set,
        &verb_lock,
        &verb_unlock,
        &verb_mv,
        &verb_rm,
        &verb_adopt,
        &verb_read,
        &verb_write,
        &verb_status,
        &verb_apply,
        &verb_doctor,
};
/* clang-format on */

#define VERBS (sizeof verbs / sizeof verbs[0])

static struct ctl ctl;
static bool wants_help, wants_version;

static const struct option_row common_options[] = {
        {"address", "ADDRESS", parse_text, &ctl.address, "where the broker is: unix:PATH"},
        {"json", NULL, NULL, &ctl.json, "print JSON, as on the wire"},
        {"help", NULL, NULL, &wants_help, "print this"},
        {"version", NULL, NULL, &wants_version, "print the version"},
        {0},
};

static const struct verb *verb_find(const char *name) {
        for (size_t i = 0; i < VERBS; i++)
                if (strcmp(verbs[i]->name, name) == 0)
                        return verbs[i];
        return NULL;
}

static void print_help(void) {
        puts("Usage: shmbrokerctl [OPTION]... VERB [OPTION]... [OPERAND]...\n"
             "Named System V shared memory segments: see and change what the broker keeps.\n");
        for (size_t i = 0; i < VERBS; i++)
                printf("  %-7s %-16s %s\n", verbs[i]->name, verbs[i]->operands, verbs[i]->summary);
        puts("\nOptions of every verb; those of one: shmbrokerctl VERB --help");
        options_print(common_options);
}

static void print_verb_help(const struct verb *verb) {
        printf("Usage: shmbrokerctl %s [OPTION]...%s%s\n%s\n\n", verb->name,
               *verb->operands ? " " : "", verb->operands, verb->summary);
        options_print(verb->options);
        options_print(common_options);
}

/* Options before the verb, the verb, its options. */
static int run(int argc, char **argv) {
        int first, count;

        first = options_parse(&ctl, NULL, common_options, false, argc, argv);
        if (first < 0)
                return CTL_USAGE;
        if (first < argc) {
                ctl.verb = verb_find(argv[first]);
                if (!ctl.verb)
                        return ctl_usage(&ctl, "there is no verb \"%s\"", argv[first]);
                argc -= first;
                argv += first;
                first = options_parse(&ctl, ctl.verb->options, common_options, true, argc, argv);
                if (first < 0)
                        return CTL_USAGE;
        }
        if (wants_version) {
                puts("shmbrokerctl " SHMBROKER_VERSION);
                return CTL_DONE;
        }
        if (wants_help) {
                if (ctl.verb)
                        print_verb_help(ctl.verb);
                else
                        print_help();
                return CTL_DONE;
        }
        if (!ctl.verb)
                return ctl_usage(&ctl, "a verb is missing");

        count = argc - first;
        if (count < ctl.verb->operands_minimum)
                return ctl_usage(&ctl, "it takes %s", ctl.verb->operands);
        if (ctl.verb->operands_maximum >= 0 && count > ctl.verb->operands_maximum)
                return ctl_usage(&ctl, "\"%s\" is one operand too many",
                                 argv[first + ctl.verb->operands_maximum]);
        if (ctl.json && ctl.verb->plain)
                return ctl_usage(&ctl, "it has no --json");
        return ctl.verb->run(&ctl, count, argv + first);
}

/* Where a standard descriptor is closed, the socket would take its place, and get what
 * is meant for it. What is opened instead fails each use as the closed one would. */
static bool occupy_standard_descriptors(void) {
        static const int modes[] = {O_WRONLY, O_RDONLY, O_RDONLY}; /* the wrong way around */

        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
                        return false;
        return true;
}

int main(int argc, char **argv) {
        int result;

        if (!occupy_standard_descriptors())
                return CTL_REFUSED;

        setlocale(LC_CTYPE, "");
        result = run(argc, argv);
        shmb_close(ctl.broker);

        /* Output that never arrived is no success. */
        if (ferror(stdout) || fclose(stdout) != 0)
                result = ctl_failed(&ctl, "standard output", "%s", strerror(errno));
        return result;
}
