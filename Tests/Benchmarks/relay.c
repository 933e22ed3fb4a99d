// A network of two namespaces with a slow wire between them, for kernels without netem.
//   relay DELAY_MS LOSS_PERCENT LOG
// The first namespace is the clients', the second the provider's; each has one TUN device, "wire". Every packet arrives
// DELAY_MS later. Of the packets from and to addresses of the provider whose last byte is odd, LOSS_PERCENT are lost.
// Prints the descriptors of both namespaces, "A B", for `nsenter --net=/proc/PID/fd/A`. Nothing stays after its end.
// LOG gets a record for each TCP packet with data or SYN, at the moment when it leaves or reaches the clients' side.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

struct record { uint64_t at; uint8_t server, upwards, syn, lost; uint16_t port, bytes; };
struct packet { struct packet *next; uint64_t due; int size; uint8_t bytes[]; };
struct lane { int from, to; struct packet *first, **last; };

static volatile sig_atomic_t ended;
static void end(int number) { ended = 1; }

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void fail(const char *what) { perror(what); exit(1); }

/// A new namespace, which the descriptor keeps, and its device.
static int space(int *device) {
  if (unshare(CLONE_NEWNET)) fail("unshare");
  int descriptor = open("/proc/self/ns/net", O_RDONLY);
  struct ifreq wish = {.ifr_flags = IFF_TUN | IFF_NO_PI, .ifr_name = "wire"};
  *device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (*device < 0) fail("/dev/net/tun");
  if (ioctl(*device, TUNSETIFF, &wish)) fail("TUNSETIFF");
  return descriptor;
}

/// Fills in a record; whether the packet is worth one.
static int describe(const uint8_t *p, int size, int upwards, struct record *r) {
  if (size < 40 || p[0] >> 4 != 4 || p[9] != 6) return 0;
  const uint8_t *tcp = p + (p[0] & 15) * 4;
  r->server = p[upwards ? 19 : 15];
  r->upwards = upwards;
  r->syn = tcp[13] >> 1 & 1;
  const uint8_t *port = tcp + (upwards ? 0 : 2);
  r->port = port[0] << 8 | port[1];
  r->bytes = (p[2] << 8 | p[3]) - (tcp + (tcp[12] >> 4) * 4 - p);
  return r->bytes > 0 || r->syn;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  uint64_t delay = atof(arguments[1]) * 1e6;
  double loss = atof(arguments[2]) / 100;
  FILE *log = fopen(arguments[3], "w");
  if (!log) fail(arguments[3]);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_TIMERSLACK, 1);
  signal(SIGTERM, end);
  int clients, provider;
  int a = space(&clients), b = space(&provider);
  printf("%d %d\n", a, b);
  fflush(stdout);
  struct lane lanes[2] = {{clients, provider}, {provider, clients}};
  for (int i = 0; i < 2; i++) lanes[i].last = &lanes[i].first;
  uint8_t buffer[65536];
  while (!ended) {
    uint64_t next = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
      struct lane *lane = &lanes[i];
      int size, upwards = i == 0;
      while ((size = read(lane->from, buffer, sizeof buffer)) > 0) {
        struct record r = {now()};
        int matters = describe(buffer, size, upwards, &r), lost = r.server & 1 && drand48() < loss;
        r.lost = lost;
        if (upwards && matters) fwrite(&r, sizeof r, 1, log);
        if (lost) continue;
        struct packet *packet = malloc(sizeof *packet + size);
        *packet = (struct packet){NULL, r.at + delay, size};
        memcpy(packet->bytes, buffer, size);
        *lane->last = packet;
        lane->last = &packet->next;
      }
      while (lane->first && lane->first->due <= now()) {
        struct packet *packet = lane->first;
        struct record r = {now()};
        if (!upwards && describe(packet->bytes, packet->size, 0, &r)) fwrite(&r, sizeof r, 1, log);
        write(lane->to, packet->bytes, packet->size);
        if (!(lane->first = packet->next)) lane->last = &lane->first;
        free(packet);
      }
      if (lane->first && lane->first->due < next) next = lane->first->due;
    }
    struct pollfd both[2] = {{clients, POLLIN}, {provider, POLLIN}};
    uint64_t moment = now(), wait = next == UINT64_MAX ? 1000000000 : next > moment ? next - moment : 0;
    struct timespec t = {wait / 1000000000, wait % 1000000000};
    ppoll(both, 2, &t, NULL);
  }
  return fclose(log) ? 1 : 0;
}
