//! The families of functions.

use super::check;

#[test]
fn values_are_converted() {
    check(&[
        ("int('12') + int(3.9) + int(2u)", "17"),
        ("int('x')", "error: type conversion error from 'x' to 'int'"),
        ("int(1e30)", "error: integer overflow"),
        ("uint(-1)", "error: integer overflow"),
        ("double('1.5')", "1.5"),
        ("string(1.0) + string(true) + string(7u)", "\"1true7\""),
        ("string(1e30)", "\"1e+30\""),
        ("string(b'a')", "\"a\""),
        ("bytes('a')", "b\"a\""),
        ("type(1) == int && type('') == string", "true"),
        ("size('äb') + size([1]) + {'a': 1}.size()", "4"),
        ("bool('true')", "true"),
    ]);
}

#[test]
fn times_have_parts() {
    check(&[
        ("timestamp('2024-02-29T10:11:12.5Z').getFullYear()", "2024"),
        ("timestamp('2024-02-29T10:11:12Z').getMonth()", "1"),
        ("timestamp('2024-02-29T10:11:12Z').getDate()", "29"),
        ("timestamp('2024-02-29T10:11:12Z').getDayOfWeek()", "4"),
        ("timestamp('2024-02-29T10:11:12Z').getDayOfYear()", "59"),
        (
            "timestamp('2024-02-29T23:30:00Z').getDate('Europe/Berlin')",
            "1",
        ),
        ("timestamp('2024-02-29T10:00:00Z').getHours('-02:30')", "7"),
        (
            "timestamp('2024-02-29T10:00:00Z').getHours('Nowhere')",
            "error: unknown time zone Nowhere",
        ),
        (
            "timestamp('2024-01-01T00:00:00Z') + duration('1h30m')",
            "2024-01-01T01:30:00Z",
        ),
        (
            "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')",
            "true",
        ),
        ("duration('1h30m').getMinutes()", "90"),
        ("string(duration('-1.5s'))", "\"-1.5s\""),
        (
            "duration('x')",
            "error: type conversion error from 'x' to 'google.protobuf.Duration'",
        ),
        (
            "timestamp('2024')",
            "error: type conversion error from '2024' to 'google.protobuf.Timestamp'",
        ),
    ]);
}

#[test]
fn texts_are_taken_apart_and_put_together() {
    check(&[
        (
            "'hello'.startsWith('he') && 'hello'.endsWith('lo') && 'hello'.contains('ell')",
            "true",
        ),
        ("'tacocat'.indexOf('ac') + 'tacocat'.lastIndexOf('a')", "6"),
        ("'tacocat'.indexOf('a', 3)", "5"),
        ("'tacocat'.lastIndexOf('at', 4)", "-1"),
        ("'äöü'.charAt(1)", "\"ö\""),
        ("'äöü'.substring(1, 2)", "\"ö\""),
        ("'abc'.substring(4)", "error: index out of range: 4"),
        (
            "'abc'.substring(2, 1)",
            "error: invalid substring range. start: 2, end: 1",
        ),
        ("'a,b,c'.split(',', 2)", "[\"a\", \"b,c\"]"),
        ("'abc'.split('')", "[\"a\", \"b\", \"c\"]"),
        ("['a', 'b'].join('-')", "\"a-b\""),
        ("'aXbX'.replace('X', '.', 1)", "\"a.bX\""),
        (
            "' a '.trim() + 'B'.lowerAscii() + 'c'.upperAscii() + 'de'.reverse()",
            "\"abCed\"",
        ),
        ("strings.quote('a\"')", "\"\\\"a\\\\\\\"\\\"\""),
        (
            "'%s is %d, %.2f, %x, %b, %o%%'.format(['a', 7, 1.5, 255, 5, 8])",
            "\"a is 7, 1.50, ff, 101, 10%\"",
        ),
        ("'%s %s'.format([[1, 2], {'a': 'b'}])", "\"[1, 2] {a: b}\""),
        ("'%e'.format([1234.5])", "\"1.234500e+03\""),
        (
            "'%d'.format(['a'])",
            "error: error during formatting: unsupported type: string",
        ),
        (
            "'%s'.format([])",
            "error: error during formatting: index 0 out of range",
        ),
        (
            "'%.9999999f'.format([1.0])",
            "error: error during formatting: unable to parse precision specifier",
        ),
    ]);
}

#[test]
fn patterns_are_those_of_re2() {
    check(&[
        ("'abc123'.matches('^[a-z]+[0-9]+$')", "true"),
        ("matches('x', 'y')", "false"),
        ("'abc 123 def 456'.find('[0-9]+')", "\"123\""),
        ("'abc 123 def 456'.findAll('[0-9]+')", "[\"123\", \"456\"]"),
        ("'abc 123 def 456'.findAll('[0-9]+', 1)", "[\"123\"]"),
        ("'abc'.find('x')", "\"\""),
        (r"'٣'.matches(r'^\d$')", "false"),
        (r"'a[b'.matches(r'^a[[]b$')", "true"),
        (r"'a.b'.matches(r'\Qa.b\E')", "true"),
        (r"'x'.matches('[[:alpha:]]')", "true"),
        (
            "object.metadata.name.matches('(' + object.metadata.name)",
            "error: error parsing regexp: `(web`",
        ),
    ]);
}

#[test]
fn lists_are_summed_and_searched() {
    check(&[
        ("[1, 2, 3].sum()", "6"),
        ("[1.5, 2.5].sum()", "4.0"),
        ("[duration('1m'), duration('1s')].sum()", "61s"),
        ("[3, 1, 2].min() + [3, 1, 2].max()", "4"),
        ("[].min()", "error: min called on empty list"),
        ("[1, 2].isSorted() && !['b', 'a'].isSorted()", "true"),
        ("[1, 2, 2].indexOf(2) + [1, 2, 2].lastIndexOf(2)", "3"),
        ("[3, 1, 2].sort()", "[1, 2, 3]"),
        ("[1, 1, 2].distinct()", "[1, 2]"),
        ("[[1], [2, 3]].flatten()", "[1, 2, 3]"),
        ("[1, 2, 3].slice(1, 2)", "[2]"),
        ("[1, 2].reverse() + lists.range(2)", "[2, 1, 0, 1]"),
        (
            "sets.contains([1, 2], [2]) && sets.intersects([1], [1, 2])",
            "true",
        ),
        ("sets.equivalent([1, 1, 2], [2, 1])", "true"),
    ]);
}

#[test]
fn urls_are_taken_apart() {
    check(&[
        (
            "url('https://user@example.com:80/p%20a?k=1&k=2&l=a+b#f').getHost()",
            "\"example.com:80\"",
        ),
        ("url('https://[::1]:80/').getHostname()", "\"::1\""),
        ("url('https://example.com:80/').getPort()", "\"80\""),
        (
            "url('https://example.com/p%20a?q').getEscapedPath()",
            "\"/p%20a\"",
        ),
        (
            "url('/p?k=1&k=2&l=a+b').getQuery()",
            "{\"k\": [\"1\", \"2\"], \"l\": [\"a b\"]}",
        ),
        ("url('HTTPS://example.com').getScheme()", "\"https\""),
        (
            "isURL('https://example.com:80/') && !isURL('../x') && !isURL('http://a b')",
            "true",
        ),
    ]);
}

#[test]
fn quantities_are_exact() {
    check(&[
        (
            "quantity('50000k').isLessThan(quantity('50M')) || quantity('1Gi').isGreaterThan(quantity('1G'))",
            "true",
        ),
        ("quantity('1.5').compareTo(quantity('1500m'))", "0"),
        ("quantity('200M') == quantity('0.2G')", "true"),
        (
            "quantity('1k').add(quantity('500')).sub(1).asInteger()",
            "1499",
        ),
        ("quantity('50m').isInteger()", "false"),
        (
            "quantity('50m').asInteger()",
            "error: cannot convert value to integer",
        ),
        ("quantity('1.5').asApproximateFloat()", "1.5"),
        ("quantity('-1').sign()", "-1"),
        ("isQuantity('1x')", "false"),
    ]);
}

#[test]
fn addresses_and_blocks_are_understood() {
    check(&[
        ("ip('10.0.0.1').family() + ip('::1').family()", "10"),
        (
            "isIP('10.0.0.256') || isIP('::ffff:1.2.3.4') || isIP('fe80::1%eth0')",
            "false",
        ),
        ("ip.isCanonical('::1') && !ip.isCanonical('0:0::1')", "true"),
        (
            "ip('127.0.0.1').isLoopback() && ip('::').isUnspecified()",
            "true",
        ),
        (
            "ip('169.254.1.1').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast()",
            "true",
        ),
        (
            "ip('8.8.8.8').isGlobalUnicast() && !ip('255.255.255.255').isGlobalUnicast()",
            "true",
        ),
        (
            "cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('10.0.0.0/8').containsIP(ip('11.0.0.1'))",
            "true",
        ),
        (
            "cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16') && !cidr('10.0.0.0/8').containsCIDR(cidr('0.0.0.0/0'))",
            "true",
        ),
        (
            "string(cidr('10.1.2.3/8').masked()) + string(cidr('10.1.2.3/8').ip())",
            "\"10.0.0.0/810.1.2.3\"",
        ),
        ("cidr('10.0.0.0/8').prefixLength()", "8"),
        ("isCIDR('10.0.0.0/33')", "false"),
        (
            "ip('x')",
            "error: IP Address \"x\" parse error during conversion from string",
        ),
    ]);
}

#[test]
fn versions_are_compared() {
    check(&[
        ("semver('1.2.3-rc.1').isLessThan(semver('1.2.3'))", "true"),
        ("semver('1.10.0').isGreaterThan(semver('1.9.9'))", "true"),
        (
            "semver('1.0.0-alpha.2').compareTo(semver('1.0.0-alpha.10'))",
            "-1",
        ),
        (
            "semver('v01.2', true).minor() + semver('1.2.3+b').patch()",
            "5",
        ),
        (
            "isSemver('1.2') || isSemver('01.2.3') || isSemver('v1.2.3')",
            "false",
        ),
    ]);
}

#[test]
fn notations_are_asked_by_name() {
    check(&[
        ("!format.dns1123Label().validate('web').hasValue()", "true"),
        (
            "format.named('dns1123Label').value().validate('Web').value().size()",
            "1",
        ),
        ("format.named('nothing')", "none"),
        (
            "format.uuid().validate('123e4567-e89b-12d3-a456-426614174000')",
            "none",
        ),
        (
            "format.date().validate('2024-13-01').value()",
            "[\"invalid date\"]",
        ),
        (
            "format.dns1123LabelPrefix().validate('web-').hasValue()",
            "false",
        ),
    ]);
}

#[test]
fn the_authorizer_is_asked() {
    check(&[
        (
            "authorizer.group('apps').resource('deployments').namespace('x').name('web').check('get').allowed()",
            "true",
        ),
        (
            "authorizer.path('/healthz').check('post').allowed()",
            "false",
        ),
        (
            "authorizer.serviceAccount('ns', 'me').group('').resource('pods').subresource('log').check('get').reason()",
            "\"me /pods/log \"",
        ),
        (
            "authorizer.group('').resource('pods').check('get').errored()",
            "false",
        ),
    ]);
}
