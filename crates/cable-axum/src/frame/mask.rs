/// The key with which a client has masked a payload, turned to where the next byte is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mask([u8; 4]);

impl Mask {
    pub(super) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Unmasks the next bytes of the payload, a word at a time.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (words, rest) = bytes.as_chunks_mut();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.iter().cycle()) {
            *byte ^= key;
        }
        self.0.rotate_left(bytes.len() % 4);
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn a_payload_in_two_pieces_is_unmasked_like_a_whole_one() {
        let key = [1, 20, 50, 255];
        let payload: Vec<u8> = (0..40).collect();
        let plain: Vec<u8> = payload.iter().enumerate().map(|(index, byte)| byte ^ key[index % 4]).collect();
        for cut in 0..=payload.len() {
            let mut bytes = payload.clone();
            let (head, tail) = bytes.split_at_mut(cut);
            let mut mask = Mask::new(key);
            mask.apply(head);
            mask.apply(tail);
            assert_eq!(bytes, plain, "cut at {cut}");
        }
    }
}
