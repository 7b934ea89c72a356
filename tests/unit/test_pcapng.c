// SPDX-License-Identifier: GPL-2.0-only
/* Captures that fwctl writes, read by libpcap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "ctl/fwctl/output/pcapng.h"
#include "fw/text.h"

/* A capture is read again by libpcap: bytes, lengths, times; the names of interfaces and the comments are in the file. */
static void as_capture(void **state)
{
	static const char *const comments[] = { "drop by rule 3 web", NULL, "accept: odd" };
	struct fw_frame frames[3];
	struct fw_diags ds = { .n = 0 };
	char path[] = "/tmp/test_log-XXXXXX", why[PCAP_ERRBUF_SIZE];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	fw_autofree char *text = NULL;
	struct pcap_pkthdr *h;
	struct pcapng p;
	const u_char *data;
	size_t len;
	pcap_t *in;

	assert_non_null(f);
	assert_int_equal(fw_text_frame("tcp 10.0.0.1:999 > 192.0.2.1:80 in", &frames[0], &ds), 0);
	assert_int_equal(fw_text_frame("udp [::1]:1 > [::2]:2 length 77", &frames[1], &ds), 0);
	assert_int_equal(fw_text_frame("icmp 10.0.0.1 > 192.0.2.1 vlan 5", &frames[2], &ds), 0);
	assert_int_equal(pcapng_begin(&p, f), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(pcapng_add(&p, &(struct pcapng_packet){ .iface = i == 1 ? "eth1" : "e",
									 .comment = comments[i],
									 .out = i == 1,
									 .time = 1764512345123456 + i,
									 .bytes = frames[i].data,
									 .len = frames[i].len,
									 .wire = frames[i].wire_len + i }),
				 0);
	pcapng_end(&p);
	assert_int_equal(fclose(f), 0);
	in = pcap_open_offline(path, why);
	if (!in)
		fail_msg("%s", why);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(pcap_next_ex(in, &h, &data), 1);
		assert_int_equal(h->caplen, frames[i].len);
		assert_int_equal(h->len, frames[i].wire_len + i);
		assert_memory_equal(data, frames[i].data, h->caplen);
		assert_int_equal(h->ts.tv_sec, 1764512345);
		assert_int_equal(h->ts.tv_usec, 123456 + i);
	}
	assert_int_equal(pcap_next_ex(in, &h, &data), PCAP_ERROR_BREAK);
	pcap_close(in);
	assert_int_equal(fw_file_read(path, FW_FILE_ANY, 65536, &text, &len), 0);
	assert_non_null(memmem(text, len, "\2\0\1\0e\0\0\0", 8));
	assert_non_null(memmem(text, len, "\2\0\4\0eth1", 8));
	assert_non_null(memmem(text, len, "\1\0\22\0drop by rule 3 web\0\0\2\0\4\0\1\0\0\0", 32));
	assert_int_equal(len % 4, 0);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
