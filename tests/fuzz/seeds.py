#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes where fuzzing begins: inputs made of the vectors in tests/data, and of what a person would try
first. What came of them in the end lies in the folder corpus.

usage: seeds.py FOLDER        gets a folder for each target
"""
import base64
import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent / 'data'
MOST_BYTES = 4096  # of a vector: a longer one slows a fuzzer down


def vectors(name):
    return json.loads((DATA / f'{name}.json').read_text())


def wires():
    """The octets of the responses among the vectors that are not too long."""
    for vector in vectors('responses'):
        if 'wire_b64' in vector:
            wire = base64.b64decode(vector['wire_b64'])
            if len(wire) <= MOST_BYTES:
                yield wire


def http_responses():
    # The last octets: how the stream is cut, and whether there is content.
    return [wire + b'\x00\x07\x00' for wire in wires()]


def token_responses():
    # The last octets: room, grant, status of the table.
    bodies = {wire.partition(b'\r\n\r\n')[2] for wire in wires()}
    chosen = [body + b'\x00\x00\x00' for body in bodies if body]
    refusals = [b'{"error":"%s","error_description":"no pa55word"}' % error
                for error in (b'invalid_grant', b'invalid_client', b'server_error', b'other')]
    return chosen + [body + bytes([0, grant, 5]) for body in refusals for grant in (0, 1)]


def http_dates():
    return [b'Sun, 06 Nov 1994 08:49:37 GMT\n120\x00\x00\x00\x00\x00',
            b'Sunday, 06-Nov-94 08:49:37 GMT\nSun, 06 Nov 1994 08:50:37 GMT\x01\x02\x03\x04\x05',
            b'Sun Nov  6 08:49:37 1994\nMon Nov  7 08:49:37 1994\x3a\xff\xf4\x41\x7f',
            b'Thu, 31 Dec 2026 23:59:60 GMT\n99999999999999999999\x00\x69\x55\xb9\x00',
            b'Fri, 29 Feb 2096 00:00:00 GMT\n-1\x10\x69\x55\xb9\x00']


def origins():
    return [b'https://server.domain.tld', b'https://server.domain.tld:8443/', b'HTTPS://[2001:db8::1]:443',
            b'http://server.domain.tld', b'https://user@server.domain.tld', b'https://h/path', b'https://h:0',
            b'https://h:65536', b'https://h?x#y', b'/a/target?with=query', b'/a#fragment',
            b'https://[' + b':' * 254 + b']']  # Was accepted: the limit was for names only.


def encodings():
    plain = [vector.get('input', '').encode() for vector in vectors('base64')]
    words = [vector['password'].encode() for vector in vectors('escaping')]
    return plain + words + [b'\xf4\x8f\xbf\xbf', b'\xed\x9f\xbf\xee\x80\x80', b'\xc0\x80', b'\xf0\x8f\xbf\xbf']


def configurations():
    sample = (HERE.parents[1] / 'platform/linux/connect-auth.conf').read_bytes()
    lines = [line.lstrip(b'#; ') for line in sample.splitlines()]
    given = b'\n'.join(line for line in lines if line.startswith(b'[') or b' = ' in line and line[:1].islower())
    return [b'[server]\nurl = https://server.domain.tld\n[client]\nid=a\nsecret=C4n4ry\n[limits]\ntimeout=30\n',
            given + b'\n', b'[grant]\npassword C4n4ry\n', b'[C4n4ry]\nkey = 1\n', b'[server]\nC4n4ry = 1\n',
            b'[limits]\ntimeout = C4n4ry\n', b'[grant]\ntype = C4n4ry\n', b'key = 1\n', b'\xef\xbb\xbf[server]\r\nurl=x\r\n',
            b'[server]\nurl=a\nurl=b\n', b'[store]\npath=' + b'x' * 8192 + b'\n']


def proxy_answers():
    # The last octets: size of pieces, credentials, how the stream ends.
    answers = [b'HTTP/1.1 200 Connection established\r\n\r\n', b'HTTP/1.0 200 OK\r\nX: y\r\n\r\n',
               b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno',
               b'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', b'HTTP/1.1 200 OK\r\n\r\nhello',
               b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n', b'HTTP/1.1 502 Bad Gateway\r\n\r\n', b'SSH-2.0']
    return [answer + bytes([3, n % 2, n % 3]) for n, answer in enumerate(answers)]


def forwarded():
    # The last octet: a request, or an answer to one of four kinds.
    requests = [b'GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n',
                b'POST https://server.domain.tld/x HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n',
                b'GET / HTTP/1.1\r\nHost: h\r\nOrigin: x\r\nConnection: close, X-A\r\nX-A: 1\r\n\r\n',
                b'CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n',
                b'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n']
    heads = {wire.partition(b'\r\n\r\n')[0] + b'\r\n\r\n' for wire in wires()}
    heads = sorted(heads, key=len)[:24]
    return [request + b'\x00' for request in requests] + [head + bytes([4 + n % 4]) for n, head in enumerate(heads)]


def daemon_lines():
    # The last octets: the size of pieces; or the room, and whether for a token. Then whose end it is.
    queries = [b'token min_valid=60 wait=5 retry_refused\nheader\nrenew retry_refused\n',
               b'code c0de verifier=v without_redirect_uri\r\nreject 7\nstatus json\nmetrics\n',
               b'identity\nlogout\nsubscribe\nreject 4294967296\ntoken wait=3601\n', b'x' * 2047 + b'\n', b'x' * 2048 + b'\n']
    answers = [b'ok generation=3 expires_in=2874 token=AbC-_123\n', b'ok generation=0 expires_in=unknown token=x\n',
               b'error 5 the server cannot be reached\n', b'error 9 what\n', b'ok length=5\nhello', b'ok\n', b'what\n']
    return [query + b'\x00\x07\x01' for query in queries] + \
        [answer + end + b'\x00' for answer in answers for end in (b'\xff\x03', b'\x1e\x00')]


def stored_records():
    # The last octet: of what kind; before it, for some, how.
    anchor = bytes(7) + b'\x09' + bytes(7) + b'\x01' + (1800000000).to_bytes(8, 'big')
    state = bytes([1, 2]) + (401).to_bytes(2, 'big') + anchor + b'creds-8.' + (3600).to_bytes(4, 'big') + anchor + \
        bytes(range(32)) + (8).to_bytes(4, 'big') + b'AbC-_123' + b'r3fr35h'
    times = [(1800000000).to_bytes(8, 'big'), (1800003600).to_bytes(8, 'big'), (1800086400).to_bytes(8, 'big')]
    session = bytes(32) + b''.join(times) + b'a session'
    least = bytes(32) + b'\x80' + bytes(23) + b'a session'  # Overflowed where it was subtracted.
    fields = [(1, b'https://server.domain.tld'), (10, b'Application1'), (11, b'secret'), (12, bytes(7) + b'\x01'),
              (20, bytes(8)), (30, (30000).to_bytes(8, 'big')), (50, (0xC0000201).to_bytes(8, 'big')), (54, b'\x02mac01'),
              (60, b'/api'), (61, (60000).to_bytes(8, 'big'))]
    provision = b''.join(bytes([tag]) + len(value).to_bytes(2, 'big') + value for tag, value in fields)
    now = b'\x00\xd2\x49\x6b\x00'
    return [b'CA\x02\x02' + bytes(60) + b'\x00', b'a payload' + b'\x21\x00' + b'\x00\x00\x00\x07' + b'\x01',
            state + b'\x01\x02', state + b'\x00\x02', bytes(100) + b'\x01\x02', session + now + b'\x03', least + now + b'\x03',
            provision + b'\x04', provision[:-11] + b'\x04', b'0a' * 30 + b'\n' + b'ff\nend\n\x05', b'0A\nend\n\x05', b'0a\n0b0\n\x05']


def ring_images():
    # Strokes, a zero, acts; the last octet: the geometry.
    block = b'\x01\x00\x03\x02\x01\x00'
    record = b'\x04\x02\x05hello' + b'\x04\x06\x03two'
    erased = b'\x04\x01\x00'
    acts = b'\x00\x00\x08\x41\x03\x02\x06\x08\x01\x00\x42\x06'
    return [end + bytes([geometry]) for geometry in range(4) for end in (
        block + record + b'\x00' + acts, block + record + erased + b'\x00' + acts)] + \
        [block + b'\x04\x12\x05hello' + b'\x01\x01\x03\x01\x02\x00' + record + b'\x00' + acts + b'\x01',
         b'\x00' + acts * 3 + b'\x00', block + record + b'\x07\x05\x00\x00\x04\x01\x00\x00\x43\x06\x02']


def lives():
    # From the end: traits; then steps, each with what it takes. See fuzz_agent.cc.
    run = [0, 0, 255]
    ask = [2, 0, 0]
    good, with_error = [8, 0, 0, 0, 0, 0], [8, 11, 0, 9, 0, 0]
    unreachable = [7, 7, 255, 0, 0]
    lives = [[12, *good, *ask, *run, *run], [12, *with_error, *ask, *run, *run], [12, *unreachable, *run * 40],
             [13, *good, *ask, *run, 13, 3, *run, 15, 1, *run], [14, *good, *ask, *run, 5, 0, *run]]
    return [bytes(reversed(life)) for life in lives]


CORPORA = {
    'agent': lives,
    'configuration_file': configurations,
    'daemon_protocol': daemon_lines,
    'encoding': encodings,
    'forward_request': forwarded,
    'http_date': http_dates,
    'http_reference': http_responses,
    'http_response': http_responses,
    'origin': origins,
    'proxy_tunnel': proxy_answers,
    'ring_image': ring_images,
    'stored_record': stored_records,
    'token_response': token_responses,
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    for name, seeds in CORPORA.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for seed in seeds():
            (folder / name / hashlib.sha1(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == '__main__':
    main()
