//! Changes one page of a list: without items, a repetition of the page before, or shifted by one item.

use serde_json::Value;

use super::fault::Effect;

/// Where a list response holds its items and their number, as dotted paths from the top of the body.
#[derive(Debug, Clone)]
pub(crate) struct Paging {
    pub(crate) items: String,
    pub(crate) total: Option<String>,
}

impl Paging {
    fn items<'a>(&self, body: &'a mut Value) -> Option<&'a mut Vec<Value>> {
        body.pointer_mut(&pointer(&self.items))?.as_array_mut()
    }
}

/// Changes the body and says whether it did; `earlier` is the response to the call before.
pub(crate) fn edit(effect: &Effect, paging: &Paging, earlier: Option<&Value>, body: &mut Value) -> bool {
    match (effect, earlier) {
        (Effect::PageMissing, _) => empty(paging, body),
        (Effect::PageRepeated, Some(earlier)) => {
            *body = earlier.clone();
            true
        }
        (Effect::PageChanged, Some(earlier)) => move_on(paging, earlier, body),
        _ => false,
    }
}

fn empty(paging: &Paging, body: &mut Value) -> bool {
    let Some(items) = paging.items(body).filter(|items| !items.is_empty()) else {
        return false;
    };
    items.clear();
    true
}

/// What an addition in front does to a later page: the last item before it comes again and one more is counted.
fn move_on(paging: &Paging, earlier: &Value, body: &mut Value) -> bool {
    let before = earlier.pointer(&pointer(&paging.items)).and_then(Value::as_array);
    let (Some(before), Some(items)) = (before, paging.items(body)) else {
        return false;
    };
    let Some(last) = before.last() else {
        return false;
    };
    items.insert(0, last.clone());
    // A page is never longer than the one before it.
    items.truncate(before.len());
    let total = paging.total.as_ref().and_then(|total| body.pointer_mut(&pointer(total)));
    if let Some(total) = total
        && let Some(number) = total.as_u64()
    {
        *total = Value::from(number + 1);
    }
    true
}

fn pointer(dotted: &str) -> String {
    dotted.split('.').fold(String::new(), |path, part| path + "/" + part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(effect: &Effect, earlier: Option<Value>, body: &Value, expected: Option<Value>) {
        let paging = Paging { items: "body.list".to_owned(), total: Some("body.page.total".to_owned()) };
        let mut edited = body.clone();
        let changed = edit(effect, &paging, earlier.as_ref(), &mut edited);
        assert_eq!(changed, expected.is_some());
        assert_eq!(edited, expected.unwrap_or_else(|| body.clone()));
    }

    fn page(items: &[u32], total: u32) -> Value {
        json!({ "body": { "list": items, "page": { "total": total } } })
    }

    #[test]
    fn missing_page_keeps_its_totals() {
        check(&Effect::PageMissing, None, &page(&[3, 4], 5), Some(page(&[], 5)));
        check(&Effect::PageMissing, None, &page(&[], 5), None);
        check(&Effect::PageMissing, None, &json!({ "body": null }), None);
    }

    #[test]
    fn repeated_page_needs_an_earlier_page() {
        check(&Effect::PageRepeated, None, &page(&[3, 4], 5), None);
        check(&Effect::PageRepeated, Some(page(&[1, 2], 5)), &page(&[3, 4], 5), Some(page(&[1, 2], 5)));
    }

    #[test]
    fn changed_page_is_shifted_by_one_item() {
        check(&Effect::PageChanged, None, &page(&[3, 4], 5), None);
        check(&Effect::PageChanged, Some(page(&[1, 2], 5)), &page(&[3, 4], 5), Some(page(&[2, 3], 6)));
        check(&Effect::PageChanged, Some(page(&[3, 4], 5)), &page(&[5], 5), Some(page(&[4, 5], 6)));
        check(&Effect::PageChanged, Some(page(&[], 0)), &page(&[5], 1), None);
    }
}
