//! Differences in models, fields, types and limits.

use super::*;

#[test]
fn model_and_field_differences_are_reported() {
    let model = json!({"type": "object"});
    assert_eq!(line("/components/schemas/New", model), "keys 1.1 New: model absent in the page, in the fixture");
    assert_eq!(
        line("/components/schemas/Lost", Value::Null),
        "keys 1.1 Lost: model in the page, absent in the fixture"
    );
    assert_eq!(
        line("/components/schemas/Lost/x-sdk", Value::Null),
        "keys 1.1 Lost: unused true in the page, false in the fixture"
    );
    assert_eq!(
        line(&format!("{KEY}/properties/empty"), Value::Null),
        "keys 1.1 Key.empty: field in the page, absent in the fixture"
    );
    assert_eq!(
        line(&format!("{KEY}/properties/extra"), json!({"type": "string"})),
        "keys 1.1 Key.extra: field absent in the page, in the fixture"
    );
    assert_eq!(
        line(&format!("{KEY}/required/0"), Value::Null),
        "keys 1.1 Key.name: required true in the page, false in the fixture"
    );
    let found = lines(|fixture| {
        let fields = fixture.pointer_mut(&format!("{KEY}/properties")).unwrap();
        let fields = fields.as_object_mut().unwrap();
        let name = fields.shift_remove("name").unwrap();
        fields.insert("name".to_owned(), name);
    });
    assert_eq!(found, ["keys 1.1 Key: fields stand in another order in the page"]);
}

#[test]
fn type_and_limit_differences_are_reported() {
    let field = |field: &str, key: &str| format!("{KEY}/properties/{field}/{key}");
    let rows: [(&str, &str, Value, &str); 12] = [
        ("made_at", "type", json!("string"), "nullable true in the page, false in the fixture"),
        ("name", "type", json!("integer"), "type `string` in the page, `integer` in the fixture"),
        ("made_at", "format", Value::Null, "format `date-time` in the page, absent in the fixture"),
        ("name", "pattern", json!("^a$"), "pattern `^[a-z0-9]*$` in the page, `^a$` in the fixture"),
        ("name", "minLength", json!(4), "minLength 3 in the page, 4 in the fixture"),
        ("name", "maxLength", Value::Null, "maxLength 63 in the page, absent in the fixture"),
        ("count", "minimum", json!(1), "minimum absent in the page, 1 in the fixture"),
        ("count", "maximum", json!(9), "maximum absent in the page, 9 in the fixture"),
        ("used", "default", json!(false), "default true in the page, false in the fixture"),
        ("used", "const", json!(true), "constant absent in the page, true in the fixture"),
        ("name", "enum", json!(["a"]), "enum absent in the page, [\"a\"] in the fixture"),
        ("name", "examples", json!(["b"]), "example [\"testkey\"] in the page, [\"b\"] in the fixture"),
    ];
    for (name, key, value, told) in rows {
        assert_eq!(line(&field(name, key), value), format!("keys 1.1 Key.{name}: {told}"));
    }
    let list = "/components/schemas/KeyList/properties";
    assert_eq!(
        line(&format!("{list}/keys/items/$ref"), json!("#/components/schemas/User")),
        "keys 1.1 KeyList.keys: type `array[Key]` in the page, `array[User]` in the fixture"
    );
    assert_eq!(
        line(&format!("{list}/sort/items/format"), json!("date-time")),
        "keys 1.1 KeyList.sort[]: format absent in the page, `date-time` in the fixture"
    );
    assert_eq!(
        line(&format!("{KEY}/properties/owner/oneOf/1"), Value::Null),
        "keys 1.1 Key.owner: nullable true in the page, false in the fixture"
    );
}
