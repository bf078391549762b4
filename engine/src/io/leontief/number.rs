//! The numbers that matrices store.

/// A number type that matrices store.
pub trait Number: Copy + PartialEq + Into<f64> + Send + Sync {
    /// `x` rounded to this type.
    fn store(x: f64) -> Self;
}

impl Number for f64 {
    fn store(x: f64) -> Self {
        x
    }
}

impl Number for f32 {
    fn store(x: f64) -> Self {
        x as Self
    }
}
