//! Takes the parameters that are not the driver's out of a connection string.
//!
//! Nothing here may repeat a value: with a password that is not quoted or percent-encoded, any part of the string can
//! be a part of the password.

use std::borrow::Cow;

use super::ConnectError;

const OURS: [&str; 4] = [
    "acquire_timeout",
    "max_connections",
    "sslmode",
    "sslrootcert",
];

const DRIVERS: [&str; 18] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// Our parameters, decoded and in their order.
type Ours = Vec<(&'static str, String)>;

/// Splits a connection string into what the driver parses, as it was written, and the parameters that are ours.
pub(super) fn split(text: &str) -> Result<(String, Ours), ConnectError> {
    match ["postgres://", "postgresql://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
    {
        Some(rest) => split_url(text, rest),
        None => split_pairs(text),
    }
}

fn split_url(url: &str, rest: &str) -> Result<(String, Ours), ConnectError> {
    let after_credentials = match rest.split_once('@') {
        // libpq sees no credentials here and the driver does, so one of them would read a wrong host.
        Some((credentials, _)) if credentials.contains('/') => {
            return malformed(
                "in its user and password write `/` as %2F, and elsewhere `@` as %40",
            );
        }
        Some((_, after)) => after,
        None => rest,
    };
    let host = after_credentials.split(['/', '?']).next();
    if host.is_some_and(|host| host.contains('@')) {
        return malformed("write `@` in the user and the password as %40");
    }
    let Some((before_query, query)) = after_credentials.split_once('?') else {
        return Ok((url.to_owned(), Vec::new()));
    };

    let mut ours = Vec::new();
    let mut drivers = Vec::new();
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let Some((name, value)) = parameter.split_once('=') else {
            return malformed("every parameter after `?` must be of the form name=value");
        };
        let name = percent_decode(name)?;
        match find(&name) {
            Some(Owner::Us(name)) => ours.push((name, percent_decode(value)?)),
            Some(Owner::Driver) => drivers.push(parameter),
            // An `@` so late may end a password that has `/` and `?` in it.
            None => return unknown_parameter(&name, !query.contains('@')),
        }
    }

    let before_query = &url[..url.len() - after_credentials.len() + before_query.len()];
    let separator = if drivers.is_empty() { "" } else { "?" };
    Ok((
        format!("{before_query}{separator}{}", drivers.join("&")),
        ours,
    ))
}

fn split_pairs(text: &str) -> Result<(String, Ours), ConnectError> {
    if text
        .split(['=', '\'', ' '])
        .next()
        .is_some_and(|start| start.contains("://"))
    {
        return malformed("a URL must begin with `postgres://` or `postgresql://`");
    }
    let mut ours = Vec::new();
    let mut drivers = Vec::new();
    let mut after_password = false;
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let start = rest;
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=')
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let Some(after) = after
            .trim_start()
            .strip_prefix('=')
            .filter(|_| !name.is_empty())
        else {
            return malformed(
                "it must be a URL, or consist of name=value, where a value with spaces is in single quotes",
            );
        };
        let (value, after) = pair_value(after.trim_start())?;
        match find(name) {
            Some(Owner::Us(name)) => ours.push((name, value)),
            Some(Owner::Driver) => drivers.push(&start[..start.len() - after.len()]),
            // It may be a word of the password, if that was not quoted.
            None => return unknown_parameter(name, !after_password),
        }
        after_password |= name == "password";
        rest = after.trim_start();
    }
    Ok((drivers.join(" "), ours))
}

/// Reads a value up to its closing quote or the next space, and gives it unescaped with what follows it.
fn pair_value(text: &str) -> Result<(String, &str), ConnectError> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut chars = text.char_indices().skip(usize::from(quoted));
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if quoted => return Ok((value, &text[at + 1..])),
            c if !quoted && c.is_whitespace() => return Ok((value, &text[at..])),
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            c => value.push(c),
        }
    }
    if quoted {
        return malformed("a value lacks its closing quote");
    }
    if value.is_empty() {
        return malformed("a value is missing; an empty one is written as ''");
    }
    Ok((value, ""))
}

enum Owner {
    Us(&'static str),
    Driver,
}

fn find(name: &str) -> Option<Owner> {
    match OURS.into_iter().find(|ours| *ours == name) {
        Some(name) => Some(Owner::Us(name)),
        None => DRIVERS.contains(&name).then_some(Owner::Driver),
    }
}

fn percent_decode(text: &str) -> Result<String, ConnectError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (Some(high), Some(low)) = (hex(bytes.next()), hex(bytes.next())) else {
            return malformed(
                "`%` must be followed by two hexadecimal digits; write `%` itself as %25",
            );
        };
        decoded.push(high << 4 | low);
    }
    String::from_utf8(decoded).or_else(|_| malformed("a parameter is not UTF-8 once decoded"))
}

fn hex(digit: Option<u8>) -> Option<u8> {
    let value = char::from(digit?).to_digit(16)?;
    u8::try_from(value).ok()
}

fn malformed<T>(reason: &str) -> Result<T, ConnectError> {
    Err(ConnectError::Malformed(reason.to_owned()))
}

fn unknown_parameter<T>(name: &str, safe: bool) -> Result<T, ConnectError> {
    Err(ConnectError::UnknownParameter {
        name: safe.then(|| name.to_owned()),
    })
}

/// The text of [`ConnectError::UnknownParameter`].
pub(super) fn unknown(name: Option<&str>) -> String {
    let what = match name {
        Some(name) => Cow::from(format!("the unknown parameter `{name}`")),
        None => "an unknown parameter, or a password that is not quoted or percent-encoded".into(),
    };
    let mut known: Vec<_> = OURS.into_iter().chain(DRIVERS).collect();
    known.sort_unstable();
    format!(
        "the connection string has {what}; the parameters are: {}",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(text: &str) -> String {
        split(text).expect(text).0
    }

    fn error(text: &str) -> String {
        split(text).expect_err(text).to_string()
    }

    #[test]
    fn a_url_keeps_the_rest_as_it_is() {
        for (url, expected) in [
            ("postgres://h", "postgres://h"),
            ("postgres://h/db?", "postgres://h/db"),
            ("postgres://h?sslmode=require", "postgres://h"),
            (
                "postgres://h/db?ssl%6Dode=require&user=a%26b",
                "postgres://h/db?user=a%26b",
            ),
            (
                "postgres://u:p%3F@h:1,h2:2/d%20b?sslmode=x",
                "postgres://u:p%3F@h:1,h2:2/d%20b",
            ),
            (
                "postgresql://u:p?sslmode=x@%2Ftmp/db?user=a%40b&sslmode=allow&&options=-c%20x=y",
                "postgresql://u:p?sslmode=x@%2Ftmp/db?user=a%40b&options=-c%20x=y",
            ),
            (
                "postgres://u:p@h/db?user=a@b&sslmode=allow",
                "postgres://u:p@h/db?user=a@b",
            ),
        ] {
            assert_eq!(rest(url), expected);
        }
    }

    #[test]
    fn pairs_keep_the_rest_as_it_is() {
        for (pairs, expected) in [
            ("", ""),
            ("sslmode=allow", ""),
            ("  host = h   sslmode='allow'port=1", "host = h port=1"),
            (
                r"password='a \' sslmode=x' sslmode=allow user=a\ b",
                r"password='a \' sslmode=x' user=a\ b",
            ),
            ("password='' host=h", "password='' host=h"),
        ] {
            assert_eq!(rest(pairs), expected);
        }
    }

    #[test]
    fn values_are_decoded() {
        let ours = |text| split(text).expect("valid").1;
        assert_eq!(
            ours("postgres://h?sslrootcert=%2fa%2Bb+c%C3%BC"),
            [("sslrootcert", "/a+b+cü".to_owned())]
        );
        assert_eq!(
            ours(r"sslrootcert = '/a b\'\\c'"),
            [("sslrootcert", r"/a b'\c".to_owned())]
        );
        assert_eq!(
            ours(r"sslrootcert=/a\ 'b"),
            [("sslrootcert", "/a 'b".to_owned())]
        );
        for invalid in ["%", "%2", "%zz", "%+1", "%ff"] {
            error(&format!("postgres://h?sslrootcert={invalid}"));
        }
    }

    #[test]
    fn malformed_strings() {
        for pairs in ["host", "host h", "=h", "host=h =x", "host='h", "host="] {
            assert!(
                error(pairs).starts_with("the connection string is not valid"),
                "{pairs}"
            );
        }
        assert!(error("postgres://h?sslmode").contains("name=value"));
        assert!(error("mysql://h/db?sslmode=require").contains("`postgresql://`"));
    }

    #[test]
    fn the_driver_knows_its_parameters() {
        for name in DRIVERS {
            // No value suits all of them, but a name that it does not know is another error.
            let Err(error) = format!("{name}='?'").parse::<tokio_postgres::Config>() else {
                continue;
            };
            let error = error.into_source().expect("a reason").to_string();
            assert_eq!(error, format!("invalid value for option `{name}`"));
        }
    }

    #[test]
    fn an_unknown_parameter_is_named() {
        for text in [
            "postgres://u:hunter2@h/db?sslcert=a",
            "sslcert=a password=hunter2",
        ] {
            let error = error(text);
            assert!(
                error.contains("`sslcert`; the parameters are: acquire_timeout, application_name"),
                "{error}"
            );
        }
    }

    #[test]
    fn no_error_repeats_a_part_of_a_password() {
        for text in [
            "host=h password=my hunter2",
            "host=h password=my hunter2=x",
            "host=h password=my hunter2 = x",
            "host=h password='my hunter2",
            "password=my user=me hunter2=x",
            "postgres://u:my@hunter2@h/db",
            "postgres://u:my/hunter2@h/db",
            "postgres://u:my?/hunter2=@h/db?sslmode=require",
            "postgres://u:my@x/?hunter2=x@h/db",
            "postgres+tls://u:hunter2@h/db?sslmode=require",
            "jdbc:postgresql://u:hunter2@h/db?sslmode=require",
        ] {
            let error = split(text).expect_err(text);
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{text}: {error}"
            );
        }
    }
}
