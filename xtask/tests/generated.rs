//! The expected sources compile, and the types in them behave on the wire as they should.
#![cfg(test)]
#![allow(dead_code, missing_docs, unreachable_pub, unused_imports, unused_qualifications)] // that is judged in the crates themselves
#![allow(clippy::wrong_self_convention)] // the setter of `isMine`; clippy spares public ones

use cloud_core::Body;
use cloud_core::codegen::from_json;
use cloud_core::{Constraint, Patch, SecretString};

// What the vendor crates provide by hand for their generated code.
#[path = "../../crates/risken-aws/src/ids.rs"]
mod ids;
#[path = "../../crates/nhn-security/src/key_material.rs"]
mod key_material;
#[path = "../../crates/scp-security/src/links.rs"]
mod links;
#[path = "../../crates/scp-security/src/names.rs"]
mod names;
#[path = "../../crates/risken-aws/src/present.rs"]
mod present;
#[path = "../../crates/nhn-security/src/period.rs"]
mod two_instants;

use ids::AwsId;
use key_material::KeyMaterial;
use names::Region;
use two_instants::Period;

// Compiled without the version that has ended, as in a lean build.
#[rustfmt::skip]
#[allow(unexpected_cfgs)]
#[path = "golden/ended/tiny.rs"]
mod ended;
#[rustfmt::skip]
#[path = "golden/enums/tiny.rs"]
mod enums;
#[rustfmt::skip]
#[path = "golden/envelope_key/tiny.rs"]
mod envelope_key;
#[rustfmt::skip]
#[path = "golden/envelope_whole/tiny.rs"]
mod envelope_whole;
#[rustfmt::skip]
#[path = "golden/formats/tiny.rs"]
mod formats;
#[rustfmt::skip]
#[path = "golden/lenient/tiny.rs"]
mod lenient;
#[rustfmt::skip]
#[path = "golden/marks/tiny.rs"]
mod marks;
#[rustfmt::skip]
#[path = "golden/nullable/tiny.rs"]
mod nullable;
#[rustfmt::skip]
#[path = "golden/pages/tiny.rs"]
mod pages;
#[rustfmt::skip]
#[path = "golden/patterns/tiny.rs"]
mod patterns;
#[rustfmt::skip]
#[path = "golden/period/tiny.rs"]
mod period;
#[rustfmt::skip]
#[path = "golden/query_styles/tiny.rs"]
mod query_styles;
#[rustfmt::skip]
#[path = "golden/secrets/tiny.rs"]
mod secrets;
#[rustfmt::skip]
#[path = "golden/shared/tiny.rs"]
mod shared;
#[rustfmt::skip]
#[path = "golden/split/tiny.rs"]
mod split;
#[rustfmt::skip]
#[path = "golden/split_value/tiny.rs"]
mod split_value;
#[rustfmt::skip]
#[path = "golden/texts/tiny.rs"]
mod texts;
#[rustfmt::skip]
#[path = "golden/versions/tiny.rs"]
mod versions;

fn sent(body: &impl Body) -> String {
    String::from_utf8(body.encode().unwrap().to_vec()).unwrap()
}

/// What the limits say about a body, empty where they say nothing.
fn complaint(body: &impl Body) -> String {
    let mut validator = cloud_core::Validator::default();
    body.validate(&mut validator);
    let shown = format!("{validator:?}");
    let (_, problems) = shown.split_once("problems: [").unwrap();
    problems.trim_end_matches("] }").replace('"', "")
}

#[test]
fn update_tells_absent_null_and_value_apart() {
    use nullable::types::UpdateKeyRequest;
    let mut update = UpdateKeyRequest::new("a");
    assert_eq!(sent(&update), r#"{"label":"a"}"#);
    // `new` takes no null, so null must be set explicitly.
    update.label = None;
    assert_eq!(sent(&update), r#"{"label":null}"#);
    update.note = Patch::Null;
    update.days = 3.into();
    assert_eq!(sent(&update), r#"{"label":null,"note":null,"days":3}"#);
    let built = UpdateKeyRequest::new("a").with_name("b").with_note("c");
    assert_eq!(sent(&built), r#"{"label":"a","name":"b","note":"c"}"#);
    for text in [r#"{"label":null}"#, r#"{"label":"a","note":null}"#, r#"{"label":"a","note":"b","days":1}"#] {
        assert_eq!(sent(&from_json::<UpdateKeyRequest>(text.as_bytes()).unwrap()), text);
    }
}

#[test]
fn null_equals_absent_in_responses() {
    use nullable::types::Key;
    let with: Key = from_json(br#"{"id":"1","note":null,"name":null,"new":{}}"#).unwrap();
    let without: Key = from_json(br#"{"id":"1"}"#).unwrap();
    assert_eq!(with, without);
    assert!(from_json::<Key>(br#"{"note":null}"#).unwrap_err().to_string().contains("`id` is missing"));
}

#[test]
fn limits_are_found_in_nested_models() {
    use nullable::types::{Tag, UpdateKeyRequest};
    let mut update = UpdateKeyRequest::new("a");
    update.tags = Some(vec![Tag::new("good", "v"), Tag::new("too long", "v")]);
    assert_eq!(complaint(&update), "`tags[1].key` must have at most 4 characters");
}

#[test]
fn secrets_are_sent_but_not_shown() {
    use secrets::types::{Holder, ReplaceMaterialRequest, SealRequest};
    let mut request = SealRequest::new("canary-1", Holder::new("canary-2"));
    request.hint = Some(SecretString::from("canary-3"));
    request.others = Some(vec![Holder::new("canary-4").with_name("n")]);
    request.count = Some(2);
    assert_eq!(
        sent(&request),
        r#"{"plaintext":"canary-1","hint":"canary-3","holder":{"passWord":"canary-2"},"others":[{"passWord":"canary-4","name":"n"}],"count":2}"#
    );
    assert!(!format!("{request:?}").contains("canary"));
    assert_eq!(complaint(&request), "");
    assert!(complaint(&SealRequest::new("far too long", Holder::new(""))).starts_with("`plaintext`"));
    let mut update = ReplaceMaterialRequest::new("canary");
    assert_eq!(sent(&update), r#"{"value":"canary"}"#);
    update.note = Patch::Null;
    assert_eq!(sent(&update), r#"{"value":"canary","note":null}"#);
    let decoded: SealRequest = from_json(br#"{"plaintext":"p","holder":{"passWord":"h"},"count":"7"}"#).unwrap();
    assert_eq!((decoded.plaintext.expose_secret(), decoded.count), ("p", Some(7)));
}

#[test]
fn documented_formats_are_typed_and_sent_as_documented() {
    use cloud_core::{Days, Hmac, Networks, Pem, SecretJson};
    use formats::types::{CreateSealRequest, CreateSealResponse, SealState, VerifySealRequest};
    let request = CreateSealRequest::builder()
        // The last setting wins, as in calls and in the builders of clients.
        .message("another message")
        .message("the message")
        .enabled(true)
        .first_day(cloud_core::time::Date::from_calendar_date(2026, cloud_core::time::Month::May, 4).unwrap())
        .state(SealState::InUse)
        .lifetime(Days(30))
        .networks("10.0.0.0/25".parse::<Networks>().unwrap())
        .certificate(Pem::from("canary"))
        .pairs(SecretJson::from_pairs([("a", "canary")]).unwrap())
        .build();
    let wanted = r#"{"message":"dGhlIG1lc3NhZ2U=","enabled":"Y","firstDay":"20260504","state":"in-use","lifetime":30,"networks":"10.0.0.0/25","certificate":"canary","pairs":"{\"a\":\"canary\"}"}"#;
    assert_eq!(sent(&request), wanted);
    assert!(!format!("{request:?}").contains("canary"), "{request:?}");
    assert!(complaint(&request).starts_with("`certificate` must be PEM"), "{}", complaint(&request));
    // What is proved comes first, whatever the order of the page.
    let proof = VerifySealRequest::new("the message", Hmac::from("vault:v1:AAEC"));
    assert_eq!(sent(&proof), r#"{"code":"vault:v1:AAEC","message":"dGhlIG1lc3NhZ2U="}"#);
    let odd = r#"{"message":"%","enabled":1,"state":"new","code":"c"}"#;
    let response: CreateSealResponse = from_json(odd.as_bytes()).unwrap();
    assert_eq!(response.message().unwrap_err().to_string(), "`message` is not Base64");
    assert_eq!(response.enabled().unwrap_err().to_string(), "`enabled` is not `Y` or `N`");
    assert_eq!(response.state.as_str(), "new");
    let good: CreateSealResponse =
        from_json(br#"{"message":"AAEC","enabled":"N","state":"in-use","code":"c"}"#).unwrap();
    assert_eq!((good.message().unwrap().expose_secret(), good.enabled().unwrap()), (&[0, 1, 2][..], false));
}

/// Payloads as they are, without any header.
#[derive(Debug)]
struct Plain;

impl cloud_core::Dialect for Plain {
    fn prepare(&self, _: cloud_core::CallContext, _: &mut cloud_core::http::HeaderMap) -> cloud_core::Result<()> {
        Ok(())
    }

    fn read(
        &self,
        _: cloud_core::CallContext,
        response: &cloud_core::dialect::RawResponse,
    ) -> cloud_core::dialect::ResponseOutcome {
        cloud_core::dialect::ResponseOutcome::Payload(response.body.clone())
    }
}

#[tokio::test]
async fn parameters_are_typed_and_sent_as_documented() {
    use cloud_core::testing::FakeTransport;
    use cloud_core::time::{Date, Month, Time};
    use cloud_core::{Client, Endpoint, Networks, Sort};
    use formats::types::SealState;
    let transport = (0..19).fold(FakeTransport::new(), |transport, _| transport.answer(200, "{}"));
    let transport = std::sync::Arc::new(transport);
    let core = Client::builder(Endpoint::parse("https://tiny.example").unwrap(), Plain);
    let core = core.transport(std::sync::Arc::clone(&transport)).build().unwrap();
    let client = formats::v1_0::Client::new(core);
    let day = Date::from_calendar_date(2026, Month::May, 4).unwrap();
    let list = || client.list_seals(day, true);
    let noon = day.with_time(Time::from_hms(12, 0, 0).unwrap());
    for (call, wanted) in [
        (list(), ""),
        (list().active(false), "?active=n"),
        (list().first_day(day), "?first_day=20260504"),
        (list().since(day), "?since=2026-05-04"),
        (list().since(noon), "?since=2026-05-04%2012:00:00"),
        (list().since(noon.assume_offset(time::macros::offset!(+9))), "?since=2026-05-04%2003:00:00"),
        (list().sort(Sort::descending("created_at")), "?sort=created_at:desc"),
        (list().within("10.0.0.0/25".parse::<Networks>().unwrap()), "?within=10.0.0.0/25"),
        (list().state(SealState::InUse), "?state=in-use"),
        (list().states([SealState::InUse, SealState::OutOfUse]), "?states=in-use&states=OUT"),
        (list().joined_states([SealState::InUse, SealState::OutOfUse]), "?joined_states=in-use,OUT"),
        (list().names(["a", "b"]).names(["long", "c"]), "?names=long&names=c"),
        (list().joined_names(["a", "long"]), "?joined_names=a,long"),
        (list().score(9.99), "?score=9.99"),
        (list().owner(AwsId::new(7).unwrap()), "?owner=7"),
        (list().region(Region::KrWest1), "?region=kr-west1"),
        (list().other_region(Region::other("kr-north1").unwrap()), "?other_region=kr-north1"),
    ] {
        let _ = call.await;
        let sent = transport.sent().last().unwrap().uri().to_string();
        assert_eq!(sent, format!("https://tiny.example/v1/seals/20260504/Y{wanted}"));
    }
    let _ = client.find_seals([SealState::OutOfUse], day).await;
    let sent = transport.sent().last().unwrap().uri().to_string();
    assert_eq!(sent, "https://tiny.example/v1/seals/find?states=OUT&since=2026-05-04");
    let before = transport.sent().len();
    let years = Date::from_calendar_date(-1, Month::May, 4).unwrap();
    for (call, wanted) in [
        (list().sort(Sort::ascending("a:b")), "`sort` must name one field to sort by"),
        (list().sort(Sort::ascending("")), "`sort` must name one field to sort by"),
        (list().first_day(years), "`first_day` has a year that is not written with four digits"),
        (list().since(years), "`since` has a year that is not written with four digits"),
        (client.list_seals(years, true), "`day` has a year that is not written with four digits"),
        (list().states([]), "`states` must not be empty"),
        (list().names(["a", "longer"]), "`names` must have at most 4 bytes"),
        (list().joined_names(["a", "longer"]), "`joined_names` must have at most 4 bytes"),
        (list().score(0.0), "`score` must be above 0"),
        (list().score(10.0), "`score` must be at most 9.99"),
    ] {
        let error = call.await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}, wanted {wanted}");
    }
    // What is set again is checked again, and what was wrong before is forgotten.
    let _ = list().names(["longer"]).names(["a"]).joined_names(["longer"]).joined_names(["a"]).await;
    assert_eq!(transport.sent().len(), before + 1);
}

#[test]
fn id_is_typed_in_a_request_and_a_number_in_a_response() {
    use formats::types::{SealVerdict, VerifySealRequest};
    let request = VerifySealRequest::new("", cloud_core::Hmac::from("c")).with_owner(AwsId::new(7).unwrap());
    assert!(sent(&request).contains(r#""owner":7"#), "{}", sent(&request));
    for (json, owner) in [(r#"{"owner":7}"#, Some(7)), (r#"{"owner":0}"#, Some(0)), (r#"{"owner":"-7"}"#, Some(-7))] {
        let response = json.replace('{', r#"{"valid":true,"#);
        let response: SealVerdict = from_json(response.as_bytes()).unwrap();
        assert_eq!(response.owner, owner, "{json}");
    }
}

#[test]
fn limits_of_bytes_and_of_two_numbers_are_checked() {
    use formats::types::VerifySealRequest as Request;
    let request = |length: usize| Request::new(vec![0; length], cloud_core::Hmac::from("c"));
    assert_eq!(complaint(&request(16)), "");
    assert_eq!(complaint(&request(17)), "`message` must have at most 16 bytes");
    for (score, most, wanted) in [
        (1.0, 1.0, ""),
        (1.1, 1.0, "`score` must be at most `most`"),
        (-0.1, 1.0, "`score` must be at least 0"),
        (1.0, 10.0, "`most` must be at most 9.99"),
        (1.0, f64::NAN, "`most` must be a finite number"),
    ] {
        assert_eq!(complaint(&request(1).with_score(score).with_most(most)), wanted);
    }
    assert_eq!(complaint(&request(1).with_score(1.0)), "");
}

#[test]
fn json_and_keys_in_text_are_checked_before_they_are_sent_and_kept_as_received() {
    use texts::types::{CreateKeyRequest, Key, UpdateKeyRequest};
    let pem = |label: &str| format!("-----BEGIN {label}-----\nAAEC\n-----END {label}-----\n");
    let good = CreateKeyRequest::new("{\"a\": 1}", pem("PUBLIC KEY")).with_certificate(pem("CERTIFICATE"));
    assert_eq!(complaint(&good), "");
    assert!(sent(&good).starts_with(r#"{"data":"{\"a\": 1}","public_key":"-----BEGIN PUBLIC KEY-----"#));
    let swapped = CreateKeyRequest::new("canary", pem("CERTIFICATE")).with_certificate(pem("RSA PUBLIC KEY"));
    assert_eq!(
        complaint(&swapped),
        "`data` must be JSON, `public_key` must hold PUBLIC KEY blocks alone, and holds a CERTIFICATE, `certificate` \
         must hold CERTIFICATE blocks alone, and holds a PUBLIC KEY"
    );
    let update = UpdateKeyRequest::default().with_more(cloud_core::JsonText::from("{canary"));
    assert_eq!(complaint(&update), "`more` must be JSON");
    assert!(!format!("{swapped:?} {update:?}").contains("canary"));
    let odd: Key = from_json(br#"{"data":"{canary","public_key":"canary"}"#).unwrap();
    assert_eq!((odd.data.as_str(), odd.public_key.as_str()), ("{canary", "canary"));
    assert!(odd.data.parse().is_err() && !format!("{odd:?}").contains("canary"));
}

/// Compiles only as long as exactly one of the two blanket ways to name the method applies.
#[test]
fn types_with_a_secret_do_not_serialize() {
    struct Probe<T>(std::marker::PhantomData<T>);
    trait Without {
        fn serializes(&self) -> bool {
            false
        }
    }
    impl<T> Without for &Probe<T> {}
    impl<T: serde::Serialize> Probe<T> {
        fn serializes(&self) -> bool {
            true
        }
    }
    macro_rules! serializes {
        ($ty:ty) => {
            (&Probe::<$ty>(std::marker::PhantomData)).serializes()
        };
    }
    assert!(serializes!(secrets::types::SealResponse));
    assert!(!serializes!(secrets::types::SealRequest));
    assert!(!serializes!(secrets::types::Holder));
    assert!(!serializes!(secrets::types::ShowMaterialResponse));
}

#[test]
fn documented_values_decode_and_nothing_is_lost() {
    use lenient::types::ShowFactsResponse as Facts;
    let strict = r#"{"count":36,"limit":null,"numbers":[1],"ready":true,"checked":true,"spare":"s","number":"7","createdAt":"2025-02-25T03:07:17Z","names":"a","sent":true,"links":[{"rel":"next"}],"type":"t"}"#;
    let shown = r#"{"count":["36"],"limit":"4","numbers":["1",2],"ready":"True","checked":"","number":7,"createdAt":"20251008","day":"2025-02-25 03:07:17.000","seen":1,"names":["a"],"semt":"false","links":[""],"score":0.5,"type":"t"}"#;
    for text in [strict, shown] {
        let facts: Facts = from_json(text.as_bytes()).unwrap();
        let again: Facts = from_json(&serde_json::to_vec(&facts).unwrap()).unwrap();
        assert_eq!(facts, again);
        assert_eq!((facts.count, facts.ready, facts.number.as_str()), (36, true, "7"));
    }
    let facts: Facts = from_json(shown.as_bytes()).unwrap();
    assert_eq!((facts.checked, facts.spare.as_deref(), facts.limit, facts.sent), (None, None, Some(4), false));
    assert_eq!((facts.created_at.as_str(), facts.r#type.as_str()), ("20251008", "t"));
    assert_eq!(facts.names.as_slice(), ["a"]);
}

#[test]
fn unknown_values_survive() {
    use enums::types::{CreateThingRequest as ThingCreate, CreateThingResponse as Thing, Kind, Region, Status};
    let thing: Thing = from_json(br#"{"region":"XX9","status":9}"#).unwrap();
    assert_eq!(serde_json::to_string(&thing).unwrap(), r#"{"region":"XX9","status":9}"#);
    assert_eq!(thing.region.to_string(), "XX9");
    assert_eq!(("KR1".parse::<Region>().unwrap(), Region::Kr1.as_str()), (Region::Kr1, "KR1"));
    let error = "kr1".parse::<Region>().unwrap_err().to_string();
    assert!(error.starts_with("not a value of Region: expected one of `KR1`"), "{error}");
    assert_eq!((from_json::<Status>(b"2").unwrap(), Status::Ok.as_i64()), (Status::InProgress, 1));
    let create = ThingCreate::new(Kind::Basic, "C");
    assert_eq!(sent(&create), r#"{"kind":"basic","grade":"C"}"#);
    assert_eq!(complaint(&create), "`grade` must be one of `A`, `B`");
}

#[test]
fn pages_lead_to_their_items() {
    use cloud_core::Page;
    use cloud_core::page::NextMarker;
    let page: pages::types::ListKeysResponse = from_json(br#"{"count":"3","keys":[{"id":"a"}]}"#).unwrap();
    assert_eq!((page.total(), page.len(), page.next_marker()), (Some(3), 1, NextMarker::End));
    let text =
        br#"{"results":["r"],"page":{"total":5},"links":[{"rel":"next","href":"https://example.com/?marker=m1"}]}"#;
    let page: pages::types::ListResultsResponse = from_json(text).unwrap();
    assert_eq!((page.total(), page.next_marker()), (Some(5), NextMarker::Marker("m1".to_owned())));
    assert_eq!(page.into_items(), ["r"]);
    let page: pages::types::ListResultsResponse = from_json(b"{}").unwrap();
    assert_eq!((page.total(), page.is_empty(), page.next_marker()), (None, true, NextMarker::Unknown));
}

#[test]
fn patterns_hold_at_run_time() {
    use patterns::types::CreateNameRequest as Name;
    let mut name = Name::new("a-_)", 7);
    assert_eq!(complaint(&name), "");
    name.flag = Some("YY".to_owned());
    name.state = Some("Active".to_owned());
    name.arn = Some("short".to_owned());
    name.days = 31;
    let complaint = complaint(&name);
    for field in ["`flag`", "`arn`", "`days`"] {
        assert!(complaint.contains(field), "{complaint}");
    }
    assert!(!complaint.contains("`state`") && !complaint.contains("`odd`"), "{complaint}");
    assert!(Constraint::MaxChars(1).to_string().contains("at most 1"));
}

#[test]
fn operations_are_data() {
    use cloud_core::{Authentication, Effect, Envelope, Lifecycle, Segment};
    let effects = |operations: &[&cloud_core::Operation]| operations.iter().map(|one| one.effect).collect::<Vec<_>>();
    assert_eq!(effects(marks::v1_1::Client::OPERATIONS), [Effect::Mutate, Effect::Read, Effect::Destroy]);
    let old = versions::v1_0::Client::VERSION;
    assert_eq!((old.number, old.status, old.sunset), ("1.0", Lifecycle::Deprecated, Some("2025-12-31")));
    let origin = versions::v1_1::Client::OPERATIONS.iter().find(|operation| operation.name == "show_origin").unwrap();
    assert_eq!((origin.authentication, origin.template().as_str()), (Authentication::None, "/v1/keys/{key_id}/origin"));
    let delete = versions::v1_0::Client::OPERATIONS.iter().find(|operation| operation.name == "delete_key").unwrap();
    assert_eq!((delete.returns, delete.success), (false, &[204][..]));
    let one = envelope_key::v1_0::Client::OPERATIONS.first().unwrap();
    assert_eq!((one.envelope, one.path.get(1)), (Envelope::Field("body"), Some(&Segment::Config("appKey"))));
    assert_eq!(split::v1_0::Client::OPERATIONS.len(), 2);
    let whole: envelope_whole::types::ShowPageResponse =
        from_json(br#"{"header":{"isSuccessful":true},"results":["r"]}"#).unwrap();
    assert_eq!(serde_json::to_string(&whole).unwrap(), r#"{"results":["r"]}"#);
    assert_eq!(period::v1_0::Client::OPERATIONS.len(), 1);
}

#[test]
fn versions_that_are_listed_need_none_that_has_ended() {
    let names = |operations: &[&cloud_core::Operation]| operations.iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!(names(ended::v1_1::Client::OPERATIONS), ["show_key", "create_key", "seal_key"]);
    assert_eq!(names(ended::v1_2::Client::OPERATIONS), ["show_key", "create_key", "seal_key"]);
    // Each version has the shape of its own, wherever the type is generated.
    let key = |text: &str| from_json::<ended::v1_1::types::ShowKeyResponse>(text.as_bytes()).unwrap().zone;
    assert_eq!(key(r#"{"id":"1","zone":"z"}"#).as_deref(), Some("z"));
    let sealed: ended::types::SealKeyResponse = from_json(br#"{"id":"1"}"#).unwrap();
    let sealed: ended::v1_1::types::SealKeyResponse = sealed;
    assert_eq!(sealed.id, "1");
}

#[test]
fn versions_that_share_a_client_type_keep_their_number_and_operations() {
    use shared::{v1_0, v1_1};
    let names = |operations: &[&cloud_core::Operation]| operations.iter().map(|one| one.name).collect::<Vec<_>>();
    assert_eq!((v1_0::Client::VERSION.number, v1_1::Client::VERSION.number), ("1.0", "1.1"));
    assert_eq!(names(v1_0::Client::OPERATIONS), ["show_key", "delete_key"]);
    assert_eq!(names(v1_1::Client::OPERATIONS), ["show_key", "delete_key", "show_origin"]);
}
