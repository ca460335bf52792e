/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: finds the command in the table, reads its options, runs it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cmd.h"
#include "sandbox/sandbox.h"

/* Every option of every command: one name means one thing everywhere. */
static const struct ol_opt options[] = {
    {"help", 'h', NULL, false, "opt.help"},
    {"home", 'C', "DIR", false, "opt.home"},
    {"json", 0, NULL, false, "opt.json"},
    {"version", 0, NULL, false, "opt.version"},
    {"answer", 0, "CLASS", false, "opt.answer"},
    {"as", 0, "OFFICER", false, "opt.as"},
    {"cancels", 0, "ID", false, "opt.cancels"},
    {"card", 0, "FILE", false, "opt.card"},
    {"check", 0, NULL, false, "opt.check"},
    {"code", 0, "DIGITS", false, "opt.code"},
    {"corrects", 0, "ID", false, "opt.corrects"},
    {"end", 0, "TIME", false, "opt.end"},
    {"days", 0, "N", false, "opt.days"},
    {"every", 0, "MINUTES", false, "opt.every"},
    {"exec", 0, "COMMAND", false, "opt.exec"},
    {"exercise", 0, NULL, false, "opt.exercise"},
    {"field", 0, "N=VALUE", true, "opt.field"},
    {"flash", 0, NULL, false, "opt.flash"},
    {"follow", 0, NULL, false, "opt.follow"},
    {"form", 0, "CODE", false, "opt.form"},
    {"frame", 0, "WHICH", false, "opt.frame"},
    {"handling", 0, "WORD", false, "opt.handling"},
    {"hours", 0, "TEXT", false, "opt.hours"},
    {"kind", 0, "KIND", false, "opt.kind"},
    {"lang", 0, "TAG", false, "opt.lang"},
    {"level", 0, "WORD", false, "opt.level"},
    {"marker", 0, "WORD", false, "opt.marker"},
    {"month", 0, "YYYY-MM", false, "opt.month"},
    {"next", 0, NULL, false, "opt.next"},
    {"not-passed", 0, "REASON", false, "opt.not_passed"},
    {"off-record", 0, NULL, false, "opt.off_record"},
    {"open", 0, NULL, false, "opt.open"},
    {"outage", 0, NULL, false, "opt.outage"},
    {"output", 'o', "FILE", false, "opt.output"},
    {"party", 0, "NAME", false, "opt.party"},
    {"path", 0, "SPEC", true, "opt.path"},
    {"precedence", 'p', "WORD", false, "opt.precedence"},
    {"psk", 0, "FILE", false, "opt.psk"},
    {"purpose", 0, "TEXT", false, "opt.purpose"},
    {"re", 0, "ID", false, "opt.re"},
    {"reason", 0, "TEXT", false, "opt.reason"},
    {"ref", 0, "TEXT", false, "opt.ref"},
    {"remark", 0, "TEXT", false, "opt.remark"},
    {"sign", 0, NULL, false, "opt.sign"},
    {"role-here", 0, "ROLE", false, "opt.role_here"},
    {"role-there", 0, "ROLE", false, "opt.role_there"},
    {"role", 0, "ROLE", false, "opt.role"},
    {"stage", 0, "STAGE", false, "opt.stage"},
    {"standing", 0, "WORD", false, "opt.standing"},
    {"start", 0, "TIME", false, "opt.start"},
    {"station", 0, "NAME", false, "opt.station"},
    {"subject", 's', "SUBJECT", false, "opt.subject"},
    {"timeout", 0, "SECONDS", false, "opt.timeout"},
    {"to", 0, "ROLE", false, "opt.to"},
    {"translation", 0, "TEXT", false, "opt.translation"},
    {"until", 0, "TIME", false, "opt.until"},
    {"wait", 0, "STATE", false, "opt.wait"},
    {"weekly", 0, "HOURS", false, "opt.weekly"},
    {"without-peer", 0, NULL, false, "opt.without_peer"},
    {0},
};
#define GENERAL "help home json "
/* Commands that may be an officer's, with --as: the station says what he may. */
#define OFFICERS                                                                                                       \
    "send answer list show search take readback confirm correct decline wilco unable affirm negative roger standby "   \
    "onward channel exercise agree note alarm desk log status roster rule draft clear release "

static const struct ol_cmd commands[] = {
    {"init", "DIR --party NAME --station NAME --lang TAG", "help.init", "party station lang ", 1, 1,
     true, ol_cmd_init},
    {"card", "[-o FILE]", "help.card", "output ", 0, 0, false, ol_cmd_card},
    {"psk", "-o FILE", "help.psk", "output ", 0, 0, true, ol_cmd_psk},
    {"pair", "NAME --card FILE --psk FILE [--path SPEC]... [--code DIGITS] [--off-record allow|refuse]", "help.pair",
     "card psk path code off-record ", 1, 2, false, ol_cmd_pair},
    {"renew", "NAME --psk FILE [--card FILE] [--path SPEC]... [--code DIGITS]", "help.renew",
     "card psk path code ", 1, 1, false, ol_cmd_renew},
    {"close", "LINE", "help.close", "", 1, 1, false, ol_cmd_close},
    {"revoked", "LINE FILE", "help.revoked", "", 2, 2, false, ol_cmd_revoked},
    {"up", "", "help.up", "", 0, 0, false, ol_cmd_up},
    {"down", "", "help.down", "", 0, 0, false, ol_cmd_down},
    {"status", "", "help.status", "", 0, 0, false, ol_cmd_status},
    {"send",
     "LINE [-p flash|immediate|priority|routine] [-s SUBJECT] [--lang TAG] [--exercise]\n"
     "           [--marker WORD] [--answer wu|an|r|y|n] [--re ID] [--corrects ID | --cancels ID]\n"
     "           [--level WORD] [--to ROLE] [--standing WORD] [--ref TEXT] [--handling WORD]\n"
     "           [--frame courtesy|N]\n"
     "           [--wait delivered|taken|confirmed] [--timeout SECONDS] (TEXT | - | --form CODE [--field N=VALUE]...)\n"
     "       openline [-C DIR] send LINE --off-record (TEXT | -)",
     "help.send",
     "precedence subject lang exercise marker answer re corrects cancels level to standing ref handling wait timeout "
     "form field frame off-record ",
     1, 2, false, ol_cmd_send},
    {"answer", "LINE ID (TEXT | -)", "help.answer", "precedence lang wait timeout ", 3, 3, false, ol_cmd_answer},
    {"list", "LINE [--open] [--follow] [--lang TAG]", "help.list", "open follow lang ", 1, 1, false, ol_cmd_list},
    {"show", "LINE ID [--lang TAG]", "help.show", "lang ", 2, 2, false, ol_cmd_show},
    {"search", "LINE QUERY [--lang TAG]", "help.search", "lang ", 2, 2, false, ol_cmd_search},
    {"take", "LINE ID", "help.take", "", 2, 2, false, ol_cmd_take},
    {"readback", "LINE ID (TEXT | - | [--field N=VALUE]...)", "help.readback", "field ", 2, 3, false, ol_cmd_readback},
    {"confirm", "LINE ID", "help.confirm", "", 2, 2, false, ol_cmd_confirm},
    {"correct", "LINE ID (TEXT | -)", "help.correct", "", 3, 3, false, ol_cmd_correct},
    {"decline", "LINE ID [--reason TEXT]", "help.decline", "reason ", 2, 2, false, ol_cmd_decline},
    {"wilco", "LINE ID [TEXT]", "help.wilco", "", 2, 3, false, ol_cmd_reply},
    {"unable", "LINE ID [TEXT]", "help.unable", "", 2, 3, false, ol_cmd_reply},
    {"affirm", "LINE ID [TEXT]", "help.affirm", "", 2, 3, false, ol_cmd_reply},
    {"negative", "LINE ID [TEXT]", "help.negative", "", 2, 3, false, ol_cmd_reply},
    {"roger", "LINE ID [TEXT]", "help.roger", "", 2, 3, false, ol_cmd_reply},
    {"standby", "LINE ID --until TIME [TEXT]", "help.standby", "until ", 2, 3, false, ol_cmd_standby},
    {"onward", "LINE ID --stage desk|duty|unit [--not-passed REASON]", "help.onward", "stage not-passed ", 2, 2, false,
     ol_cmd_onward},
    {"channel",
     "propose LINE LEVEL [--purpose TEXT] [--role-here ROLE] [--role-there ROLE] [--hours TEXT]\n"
     "       openline [-C DIR] channel accept|decline|suspend|resume LINE (ID | LEVEL) [--reason TEXT]\n"
     "       openline [-C DIR] channel list LINE",
     "help.channel", "purpose role-here role-there hours reason ", 2, 3, false, ol_cmd_channel},
    {"exercise",
     "propose LINE E1|E2|E3 --start TIME --end TIME\n"
     "       openline [-C DIR] exercise accept|decline|end LINE ID [--reason TEXT]\n"
     "       openline [-C DIR] exercise list LINE",
     "help.exercise", "start end reason ", 2, 3, false, ol_cmd_exercise},
    {"agree",
     "propose LINE instructions\n"
     "       openline [-C DIR] agree accept|decline|end LINE ID [--reason TEXT]\n"
     "       openline [-C DIR] agree list LINE",
     "help.agree", "reason ", 2, 3, false, ol_cmd_agree},
    {"times",
     "propose LINE NAME=TIME... [deputy-here=ROLE] [next-role-here=ROLE] [deputy-there=ROLE] [next-role-there=ROLE]\n"
     "       openline [-C DIR] times accept|decline|end LINE ID [--reason TEXT]\n"
     "       openline [-C DIR] times list LINE",
     "help.times", "reason ", 2, OL_OPERANDS_MAX, false, ol_cmd_times},
    {"handling",
     "propose LINE WORD=nothing|publish,feed,forward...\n"
     "       openline [-C DIR] handling accept|decline|end LINE ID [--reason TEXT]\n"
     "       openline [-C DIR] handling list LINE",
     "help.handling", "reason ", 2, OL_OPERANDS_MAX, false, ol_cmd_handling},
    {"rate",
     "propose LINE N\n"
     "       openline [-C DIR] rate accept|decline|end LINE ID [--reason TEXT]\n"
     "       openline [-C DIR] rate list LINE",
     "help.rate", "reason ", 2, 3, false, ol_cmd_rate},
    {"note",
     "LINE ID [--kind KIND] [--lang TAG] (TEXT | -)\n"
     "       openline [-C DIR] note list [LINE [ID]] [--kind KIND]\n"
     "       openline [-C DIR] note accept (TEXT | -)",
     "help.note", "kind lang ", 1, 3, false, ol_cmd_note},
    {"frame", "list [--lang TAG] | add [--lang TAG] (TEXT | -)", "help.frame", "lang ", 1, 2, false, ol_cmd_frame},
    {"alarm", "list | ack [ID] | silence [ID] | --exec COMMAND", "help.alarm", "exec ", 0, 2, false, ol_cmd_alarm},
    {"desk",
     "attend LINE [--role ROLE] | leave LINE [--role ROLE] | check LINE\n"
     "       openline [-C DIR] desk hours LINE FROM TO [--outage] [--reason TEXT]\n"
     "       openline [-C DIR] desk hours LINE --weekly HOURS",
     "help.desk", "outage reason role weekly ", 2, 4, false, ol_cmd_desk},
    {"test",
     "propose LINE [--every MINUTES] [--start TIME] [--role-here ROLE] [--role-there ROLE]\n"
     "       openline [-C DIR] test accept|decline|end LINE ID [--reason TEXT]\n"
     "       openline [-C DIR] test send LINE (TEXT | - | --next) [--lang TAG]\n"
     "       openline [-C DIR] test answer LINE ID [--translation TEXT] [--lang TAG]\n"
     "       openline [-C DIR] test list LINE | schedule LINE",
     "help.test", "every lang next reason role-here role-there start translation ", 2, 3, false, ol_cmd_test},
    {"roster",
     "add LINE ROLE [LEVEL]... | remove LINE ROLE | hands LINE ROLE | list LINE\n"
     "       openline [-C DIR] roster officer NAME [ROLE]...\n"
     "       openline [-C DIR] roster officers",
     "help.roster", "", 1, 10, false, ol_cmd_roster},
    {"rule", "set LINE [--flash] ROLE... | lift LINE [--flash] | list LINE", "help.rule", "flash ", 2, 10,
     false, ol_cmd_rule},
    {"draft",
     "LINE [the options of send that say what a message is] [--translation TEXT]\n"
     "           (TEXT | - | --form CODE [--field N=VALUE]...)\n"
     "       openline [-C DIR] draft change LINE DRAFT [--translation TEXT] (TEXT | - | --field N=VALUE...)\n"
     "       openline [-C DIR] draft list LINE\n"
     "       openline [-C DIR] draft show LINE DRAFT",
     "help.draft",
     "precedence subject lang exercise marker answer re corrects cancels level to standing ref handling form field "
     "translation ",
     1, 4, false, ol_cmd_draft},
    {"clear", "LINE DRAFT --as OFFICER [--remark TEXT]", "help.clear", "remark ", 2, 2, false, ol_cmd_clear},
    {"release", "LINE DRAFT [--as OFFICER]", "help.release", "", 2, 2, false, ol_cmd_release},
    {"form", "list | show CODE | check FILE [--lang TAG]", "help.form", "lang ", 1, 2, false, ol_cmd_form},
    {"log", "LINE", "help.log", "", 1, 1, false, ol_cmd_log},
    {"export", "LINE -o FILE", "help.export", "output ", 1, 1, false, ol_cmd_export},
    {"disclose", "LINE ID -o FILE", "help.disclose", "output ", 2, 2, false, ol_cmd_disclose},
    {"evidence", "LINE -o FILE", "help.evidence", "output ", 1, 1, false, ol_cmd_evidence},
    {"backup", "-o FILE", "help.backup", "output ", 0, 0, false, ol_cmd_backup},
    {"restore", "DIR FILE", "help.restore", "", 2, 2, true, ol_cmd_restore},
    {"resume", "LINE --without-peer --reason TEXT", "help.resume", "without-peer reason ", 1, 1, false,
     ol_cmd_resume},
    {"unfreeze", "LINE --reason TEXT", "help.unfreeze", "reason ", 1, 1, false, ol_cmd_unfreeze},
    {"brief", "LINE [--days N] [--lang TAG]", "help.brief", "days lang ", 1, 1, false, ol_cmd_brief},
    {"stats", "LINE --month YYYY-MM [--sign]", "help.stats", "month sign ", 1, 1, false, ol_cmd_stats},
    {"views", "rebuild [--check]", "help.views", "check ", 1, 1, false, ol_cmd_views},
    {"reload", "", "help.reload", "", 0, 0, false, ol_cmd_reload},
    {"doctor", "", "help.doctor", "", 0, 0, false, ol_cmd_doctor},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct ol_cmd *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

/* Whether a name stands in a list of names with a space after each. */
static bool is_listed(const char *list, const char *name)
{
    size_t len = strlen(name);

    for (; *list != '\0'; list += strcspn(list, " ") + 1)
        if (strncmp(list, name, len) == 0 && list[len] == ' ')
            return true;
    return false;
}

static void print_options(FILE *to, const char *list)
{
    for (const struct ol_opt *o = options; o->name != NULL; o++) {
        char shown[48];

        if (!is_listed(list, o->name))
            continue;
        snprintf(shown, sizeof shown, "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
                 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
                 o->value != NULL ? " " : "", o->value != NULL ? o->value : "");
        fprintf(to, "  %-26s %s\n", shown, ol_text(o->help));
    }
}

static void print_usage(FILE *to, const struct ol_cmd *cmd)
{
    fprintf(to, "%s openline %s%s%s%s\n", ol_text("help.usage"), cmd->homeless ? "" : "[-C DIR] ",
            cmd->name, *cmd->args != '\0' ? " " : "", cmd->args);
}

static void print_help(const struct ol_cmd *cmd)
{
    print_usage(stdout, cmd);
    printf("\n%s\n\n", ol_text(cmd->usage));
    if (*cmd->options != '\0')
        print_options(stdout, cmd->options);
    print_options(stdout, is_listed(OFFICERS, cmd->name) ? GENERAL "as " : GENERAL);
}

/* The first sentence of a text. */
static int first_sentence(const char *text)
{
    static const char *const stops[] = {". ", "\xe3\x80\x82"}; /* the second as in Chinese */
    size_t len = strcspn(text, "\n");

    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        const char *stop = strstr(text, stops[i]);
        size_t end = stop != NULL ? (size_t)(stop - text) + strcspn(stops[i], " ") : len;

        if (end < len)
            len = end;
    }
    return (int)len;
}

static void print_overview(FILE *to)
{
    fprintf(to, "%s openline [-C DIR] %s\n\n", ol_text("help.usage"), ol_text("help.command"));
    for (size_t i = 0; i < COMMANDS; i++) {
        const char *text = ol_text(commands[i].usage);

        fprintf(to, "  %-10s %.*s\n", commands[i].name, first_sentence(text), text);
    }
    fputc('\n', to);
    print_options(to, GENERAL "version ");
    fprintf(to, "\n%s\n", ol_text("help.more"));
}

/* A usage error: the fault, then how the command is called. */
static enum ol_exit misused(const struct ol_cmd *cmd, const struct ol_fault *f)
{
    ol_print_fault(f);
    print_usage(stderr, cmd);
    return OL_EXIT_USAGE;
}

static bool is_as(const struct ol_cmd *cmd, const char *option)
{
    return strcmp(option, "as") == 0 && is_listed(OFFICERS, cmd->name);
}

static enum ol_exit check(const struct ol_cmd *cmd, const struct ol_cli *c)
{
    struct ol_fault f;

    for (size_t i = 0; i < c->args.given; i++) {
        const char *name = c->args.give[i].opt->name;

        if (!is_listed(GENERAL, name) && !is_listed(cmd->options, name) && !is_as(cmd, name)) {
            ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.option", "command", cmd->name, "option", name,
                         NULL);
            return misused(cmd, &f);
        }
    }
    if (c->args.operands < cmd->min || c->args.operands > cmd->max) {
        ol_fault_set(&f, OL_EXIT_USAGE,
                     c->args.operands < cmd->min ? "err.usage.few" : "err.usage.operands", "command",
                     cmd->name, NULL);
        return misused(cmd, &f);
    }
    if (!cmd->homeless && c->home == NULL) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.home", "command", cmd->name, NULL);
        return misused(cmd, &f);
    }
    return OL_EXIT_DONE;
}

/* The command's name is the first operand. */
static void shift(struct ol_args *a)
{
    a->operands--;
    memmove(a->operand, a->operand + 1, a->operands * sizeof a->operand[0]);
}

/* Two commands start and end programs, and one may. */
static bool starts_programs(const struct ol_cmd *cmd, const struct ol_cli *c)
{
    return cmd->run == ol_cmd_up || cmd->run == ol_cmd_down || ol_args_value(&c->args, "exec") != NULL;
}

/* Files and texts of others are read from here on. A command does with files what its user may, talks to its own
 * station and to nothing else. */
static enum ol_exit confine(const struct ol_cmd *cmd, const struct ol_cli *c)
{
    const struct ol_sandbox s = {.program = OL_SANDBOX_COMMAND, .anywhere = true, .capabilities = UINT32_MAX};
    char why[OL_SANDBOX_WHY];
    struct ol_fault f;

    if (starts_programs(cmd, c) || ol_sandbox_enter(&s, why) == OL_OK)
        return OL_EXIT_DONE;
    ol_fault_set(&f, OL_EXIT_FAILED, "err.confined", "detail", why, NULL);
    return ol_cmd_fail(&f);
}

static enum ol_exit run(struct ol_cli *c, bool help)
{
    const struct ol_cmd *cmd;
    struct ol_fault f;
    enum ol_exit code;

    if (c->args.operands == 0) {
        print_overview(help ? stdout : stderr);
        return help ? OL_EXIT_DONE : OL_EXIT_USAGE;
    }
    cmd = find_command(c->args.operand[0]);
    if (cmd == NULL) {
        ol_fault_set(&f, OL_EXIT_USAGE, "err.usage.command", "command", c->args.operand[0], NULL);
        return ol_cmd_fail(&f);
    }
    if (help) {
        print_help(cmd);
        return OL_EXIT_DONE;
    }
    shift(&c->args);
    c->command = cmd->name;
    code = check(cmd, c);
    if (code == OL_EXIT_DONE)
        code = confine(cmd, c);
    return code != OL_EXIT_DONE ? code : cmd->run(c);
}

static enum ol_exit flushed(enum ol_exit code)
{
    struct ol_fault f;

    if (ol_print_done())
        return code;
    ol_fault_set(&f, OL_EXIT_FAILED, "err.output", NULL);
    return ol_cmd_fail(&f);
}

/* What every command needs to know. */
static void settle(struct ol_cli *c)
{
    c->json = ol_args_value(&c->args, "json") != NULL;
    c->home = ol_args_value(&c->args, "home");
    ol_control_act_as(ol_args_value(&c->args, "as"));
    if (c->home == NULL)
        c->home = getenv("OPENLINE_HOME");
    if (c->home != NULL && *c->home == '\0')
        c->home = NULL;
}

int main(int argc, char **argv)
{
    struct ol_cli c = {0};
    struct ol_fault f;
    enum ol_err err = ol_args_read(argc - 1, argv + 1, options, &c.args, &f);

    signal(SIGPIPE, SIG_IGN);
    settle(&c);
    ol_cmd_speak(&c, c.args.operands > 0 ? c.args.operand[0] : NULL);
    if (ol_crypto_init() != OL_OK) {
        ol_fault_set(&f, OL_EXIT_FAILED, "err.crypto", NULL);
        return ol_cmd_fail(&f);
    }
    if (err) {
        const struct ol_cmd *cmd = c.args.operands > 0 ? find_command(c.args.operand[0]) : NULL;

        if (cmd != NULL)
            return misused(cmd, &f);
        ol_print_fault(&f);
        print_overview(stderr);
        return OL_EXIT_USAGE;
    }
    if (ol_args_value(&c.args, "version") != NULL) {
        puts("openline " OL_VERSION);
        return flushed(OL_EXIT_DONE);
    }
    return flushed(run(&c, ol_args_value(&c.args, "help") != NULL));
}
