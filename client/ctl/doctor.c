#include "doctor.h"

#include "ctl.h"
#include "doctor-unit.h"
#include "options.h"
#include "output.h"
#include "parse.h"
#include "verbs.h"

#include "proto/fields.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of what is told: first whether there is a broker at all. */
static const struct {
        const char *name;
        void (*run)(struct doctor *doctor);
} checks[] = {
        {"broker", doctor_check_broker},
        {"version", doctor_check_version},
        {"socket", doctor_check_socket},
        {"address-families", doctor_check_address_families},
        {"ipc-namespace", doctor_check_namespace},
        {"system-calls", doctor_check_system_calls},
        {"executable", doctor_check_executable},
        {"creator-group", doctor_check_creator_group},
        {"unit-removal", doctor_check_unit_removal},
        {"login-removal", doctor_check_login_removal},
        {"forced-removal", doctor_check_forced_removal},
        {"segments", doctor_check_segments},
        {"segment-size", doctor_check_segment_size},
        {"total-size", doctor_check_total_size},
        {"locked-memory", doctor_check_locked_memory},
        {"huge-pages", doctor_check_huge_pages},
        {"transparent-huge-pages", doctor_check_transparent_pages},
};

static const char *const states[] = {"ok", "note", "problem", "unknown", NULL};

static const struct field finding_items[] = {
        STRING_FIELD(struct finding, check, "check", FIELD_REQUIRED),
        CHOICE_FIELD(struct finding, state, "state", FIELD_REQUIRED, states),
        STRING_FIELD(struct finding, found, "found", FIELD_REQUIRED),
        STRING_FIELD(struct finding, consequence, "consequence", FIELD_REQUIRED),
        STRING_FIELD(struct finding, file, "file", FIELD_REQUIRED),
        STRING_FIELD(struct finding, section, "section", FIELD_REQUIRED),
        STRING_FIELD(struct finding, line, "line", FIELD_REQUIRED),
};
static const struct fields finding_fields = FIELDS(finding_items);

#define INDENT "         "

static void doctor_print(const struct finding *finding) {
        printf("%-8s %s: %s\n", states[finding->state], finding->check, finding->found);
        if (finding->consequence)
                printf(INDENT "%s\n", finding->consequence);
        if (!finding->file)
                return;
        printf(INDENT "%s:\n", finding->file);
        if (finding->section)
                printf(INDENT "    %s\n", finding->section);
        for (const char *line = finding->line; *line;) {
                size_t length = strcspn(line, "\n");

                printf(INDENT "    %.*s\n", (int) length, line);
                line += length + (line[length] == '\n');
        }
}

void doctor_say(struct doctor *doctor, const struct finding *finding) {
        struct finding named = *finding;

        named.check = doctor->check;
        if (named.state == FINDING_PROBLEM)
                doctor->problems++;
        if (doctor->ctl->json)
                output_element(doctor->ctl, doctor->said, &finding_fields, &named);
        else
                doctor_print(&named);
        doctor->said++;
}

void doctor_say_if(struct doctor *doctor, bool is_finding, const struct finding *finding) {
        if (is_finding)
                doctor_say(doctor, finding);
        else
                doctor_say_ok(doctor, "%s", finding->found);
}

static const char *format_text(struct doctor *doctor, const char *format, va_list arguments) {
        size_t left = sizeof doctor->scratch - doctor->scratch_used;
        char *text = doctor->scratch + doctor->scratch_used;
        int length = vsnprintf(text, left, format, arguments);

        if (length < 0 || left == 0)
                return "";
        /* What does not fit is cut, and what comes behind it is empty. */
        doctor->scratch_used += (size_t) length < left ? (size_t) length + 1 : left - 1;
        return text;
}

const char *doctor_text(struct doctor *doctor, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        const char *text = format_text(doctor, format, arguments);
        va_end(arguments);
        return text;
}

void doctor_say_ok(struct doctor *doctor, const char *format, ...) {
        struct finding finding = {.state = FINDING_OK};
        va_list arguments;

        va_start(arguments, format);
        finding.found = format_text(doctor, format, arguments);
        va_end(arguments);
        doctor_say(doctor, &finding);
}

void doctor_say_unknown(struct doctor *doctor, const char *format, ...) {
        struct finding finding = {.state = FINDING_UNKNOWN};
        va_list arguments;

        va_start(arguments, format);
        finding.found = format_text(doctor, format, arguments);
        va_end(arguments);
        doctor_say(doctor, &finding);
}

static const char *unit_option;
static const char *root_option = "";
static bool user_option;

static const struct option_row options[] = {
        {"unit", "UNIT", parse_text, &unit_option, "examine a service instead of the caller"},
        {"user", NULL, NULL, &user_option, "the unit is one of the user's service manager"},
        {"root", "DIR", parse_text, &root_option, "read /etc, /proc, /sys and /var below DIR"},
        {0},
};

static int run(struct ctl *ctl, int count, char **operands) {
        struct doctor doctor = {
                .ctl = ctl,
                .root = root_option,
                .for_user_manager = user_option,
        };
        int result;

        if (user_option && !unit_option)
                return ctl_usage(ctl, "--user is about a --unit");

        result = subject_from_caller(&doctor);
        if (result == CTL_DONE && unit_option)
                result = unit_load(&doctor, unit_option);
        if (result == CTL_DONE && unit_option)
                result = subject_from_unit(&doctor);
        if (result == CTL_DONE) {
                for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
                        doctor.check = checks[i].name;
                        doctor.scratch_used = 0;
                        checks[i].run(&doctor);
                }
                if (ctl->json)
                        output_array_end(doctor.said);
                if (doctor.problems > 0)
                        result = CTL_REFUSED;
        }
        unit_free(doctor.unit);
        free(doctor.subject.groups);
        free(doctor.address);
        return result;
}

const struct verb verb_doctor = {
        .name = "doctor",
        .operands = "",
        .summary = "tell what will come between a user, or a service, and its segments",
        .options = options,
        .run = run,
};
