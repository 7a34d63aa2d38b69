/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line that can be broken: a TCP relay on this machine alone.
 *
 *     relay HOST-PORT [RULE...]     prints the port that it listens on, then relays to 127.0.0.1
 *
 * A rule is CONNECTIONS:FAULT:VALUE. CONNECTIONS are "3", "2-5" or "*", counted from 1; the first
 * rule that fits holds:
 *
 *     reset   after VALUE bytes from the client its connection is reset
 *     cut     after VALUE bytes both are closed in order
 *     stall   after VALUE bytes nothing moves any more
 *     rate    VALUE bytes a second of the client's go on
 *     deaf    once the client has said the text VALUE, the answer to it is lost: a reset
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum fault { NONE, RESET, CUT, STALL, RATE, DEAF };

static const char *const names[] = { "none", "reset", "cut", "stall", "rate", "deaf" };

struct rule {
    long from, to;
    enum fault fault;
    const char *text;
    long long value;
};

struct line {
    int client, server;
    struct rule rule;
};

static int to_port;

static bool read_rule(char *text, struct rule *rule)
{
    char *which = strtok(text, ":"), *name = strtok(NULL, ":");
    const char *value = strtok(NULL, ":");

    if (!which || !name || !value)
        return false;
    *rule = (struct rule){ 1, 1L << 30, NONE, value, atoll(value) };
    if (which[0] != '*') {
        rule->from = rule->to = atol(which);
        if (strchr(which, '-'))
            rule->to = atol(strchr(which, '-') + 1);
    }
    for (size_t i = 1; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i], name) == 0)
            rule->fault = (enum fault)i;
    }
    return rule->fault != NONE;
}

static void reset(int fd)
{
    struct linger hard = { 1, 0 };

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

/* @param said  set when the text was among the bytes
 * @return bytes passed on, 0 at the end, -1: broken */
static ssize_t pass(int from, int to, size_t room, const char *text, bool *said)
{
    char data[65536];
    ssize_t got = recv(from, data, room < sizeof(data) ? room : sizeof(data), 0);

    if (got > 0 && text && memmem(data, (size_t)got, text, strlen(text)))
        *said = true;
    for (ssize_t done = 0; done < got;) {
        ssize_t put = send(to, data + done, (size_t)(got - done), MSG_NOSIGNAL);

        if (put < 0)
            return -1;
        done += put;
    }
    return got;
}

static void relay(struct line *line)
{
    const struct rule *rule = &line->rule;
    bool counted = rule->fault == RESET || rule->fault == CUT || rule->fault == STALL;
    bool said = false, ignored;
    long long sent = 0;

    while (!counted || sent < rule->value) {
        struct pollfd wait[2] = { { line->client, POLLIN, 0 }, { line->server, POLLIN, 0 } };
        size_t room = rule->fault == RATE ? 16384 : 65536;
        ssize_t got;

        if (counted && rule->value - sent < (long long)room)
            room = (size_t)(rule->value - sent);
        if (poll(wait, 2, -1) < 0)
            return;
        if (wait[1].revents && said)
            break;
        if (wait[1].revents && pass(line->server, line->client, 65536, NULL, &ignored) <= 0)
            return;
        if (!wait[0].revents)
            continue;
        got = pass(line->client, line->server, room, rule->fault == DEAF ? rule->text : NULL,
                   &said);
        if (got <= 0)
            return;
        sent += got;
        if (rule->fault == RATE)
            usleep((useconds_t)(got * 1000000 / rule->value));
    }
    if (rule->fault == STALL)
        pause();
    if (rule->fault != CUT)
        reset(line->client);
}

static void *serve(void *opaque)
{
    struct line *line = opaque;
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)to_port) };

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    line->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(line->server, (struct sockaddr *)&address, sizeof(address)) == 0)
        relay(line);
    close(line->server);
    close(line->client);
    free(line);
    return NULL;
}

static struct rule rule_of(const struct rule *rules, int count, long number)
{
    for (int i = 0; i < count; i++) {
        if (number >= rules[i].from && number <= rules[i].to)
            return rules[i];
    }
    return (struct rule){ 0 };
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    struct rule rules[64];
    int count = 0, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (argc < 2 || argc > 65)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    to_port = atoi(argv[1]);
    for (int i = 2; i < argc; i++) {
        if (!read_rule(argv[i], &rules[count++]))
            return 2;
    }
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 64) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) < 0)
        return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (long number = 1;; number++) {
        struct line *line = calloc(1, sizeof(*line));
        pthread_t thread;

        if (!line)
            return 1;
        line->client = accept(listener, NULL, NULL);
        line->rule = rule_of(rules, count, number);
        if (line->client < 0 || pthread_create(&thread, NULL, serve, line) != 0)
            return 1;
        pthread_detach(thread);
    }
}
