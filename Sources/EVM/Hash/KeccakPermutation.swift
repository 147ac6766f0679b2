/// The permutation Keccak-f[1600] (FIPS 202 §3). The 25 lanes live in local variables during all rounds: the
/// compiler then keeps most of them in registers, which makes it as fast as C.
///
/// Six lanes are kept as their complement between the rounds ("lane complementing" of the Keccak implementation overview): chi, which is
/// `x ^ (~y & z)` for every lane, then has eight complements left to form in a round instead of 25, and `|` where de Morgan puts it.
enum KeccakPermutation {
  static let roundConstants: InlineArray<24, UInt64> = [
    0x0000_0000_0000_0001, 0x0000_0000_0000_8082, 0x8000_0000_0000_808a, 0x8000_0000_8000_8000,
    0x0000_0000_0000_808b, 0x0000_0000_8000_0001, 0x8000_0000_8000_8081, 0x8000_0000_0000_8009,
    0x0000_0000_0000_008a, 0x0000_0000_0000_0088, 0x0000_0000_8000_8009, 0x0000_0000_8000_000a,
    0x0000_0000_8000_808b, 0x8000_0000_0000_008b, 0x8000_0000_0000_8089, 0x8000_0000_0000_8003,
    0x8000_0000_0000_8002, 0x8000_0000_0000_0080, 0x0000_0000_0000_800a, 0x8000_0000_8000_000a,
    0x8000_0000_8000_8081, 0x8000_0000_0000_8080, 0x0000_0000_8000_0001, 0x8000_0000_8000_8008,
  ]

  static func apply(_ state: inout InlineArray<25, UInt64>) {
    var a0 = state[0]
    var a1 = state[1]
    var a2 = state[2]
    var a3 = state[3]
    var a4 = state[4]
    var a5 = state[5]
    var a6 = state[6]
    var a7 = state[7]
    var a8 = state[8]
    var a9 = state[9]
    var a10 = state[10]
    var a11 = state[11]
    var a12 = state[12]
    var a13 = state[13]
    var a14 = state[14]
    var a15 = state[15]
    var a16 = state[16]
    var a17 = state[17]
    var a18 = state[18]
    var a19 = state[19]
    var a20 = state[20]
    var a21 = state[21]
    var a22 = state[22]
    var a23 = state[23]
    var a24 = state[24]
    let constants = roundConstants
    complement(&a1, &a2, &a8, &a12, &a17, &a20)
    // Two rounds at a time: the lanes need not be brought back to where they were in between.
    for pair in 0..<12 {
      round(
        constants[2 &* pair], &a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12,
        &a13, &a14, &a15, &a16, &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24)
      round(
        constants[2 &* pair &+ 1], &a0, &a1, &a2, &a3, &a4, &a5, &a6, &a7, &a8, &a9, &a10, &a11, &a12,
        &a13, &a14, &a15, &a16, &a17, &a18, &a19, &a20, &a21, &a22, &a23, &a24)
    }
    complement(&a1, &a2, &a8, &a12, &a17, &a20)
    state[0] = a0
    state[1] = a1
    state[2] = a2
    state[3] = a3
    state[4] = a4
    state[5] = a5
    state[6] = a6
    state[7] = a7
    state[8] = a8
    state[9] = a9
    state[10] = a10
    state[11] = a11
    state[12] = a12
    state[13] = a13
    state[14] = a14
    state[15] = a15
    state[16] = a16
    state[17] = a17
    state[18] = a18
    state[19] = a19
    state[20] = a20
    state[21] = a21
    state[22] = a22
    state[23] = a23
    state[24] = a24
  }

  // One row after the other, so that few lanes are between two places.
  @inline(__always)
  private static func round(
    _ constant: UInt64, _ a0: inout UInt64, _ a1: inout UInt64, _ a2: inout UInt64, _ a3: inout UInt64,
    _ a4: inout UInt64, _ a5: inout UInt64, _ a6: inout UInt64, _ a7: inout UInt64, _ a8: inout UInt64,
    _ a9: inout UInt64, _ a10: inout UInt64, _ a11: inout UInt64, _ a12: inout UInt64, _ a13: inout UInt64,
    _ a14: inout UInt64, _ a15: inout UInt64, _ a16: inout UInt64, _ a17: inout UInt64, _ a18: inout UInt64,
    _ a19: inout UInt64, _ a20: inout UInt64, _ a21: inout UInt64, _ a22: inout UInt64, _ a23: inout UInt64,
    _ a24: inout UInt64
  ) {
    // theta
    let c0 = a0 ^ a5 ^ a10 ^ a15 ^ a20
    let c1 = a1 ^ a6 ^ a11 ^ a16 ^ a21
    let c2 = a2 ^ a7 ^ a12 ^ a17 ^ a22
    let c3 = a3 ^ a8 ^ a13 ^ a18 ^ a23
    let c4 = a4 ^ a9 ^ a14 ^ a19 ^ a24
    let d0 = c4 ^ rotate(c1, 1)
    let d1 = c0 ^ rotate(c2, 1)
    let d2 = c1 ^ rotate(c3, 1)
    let d3 = c2 ^ rotate(c4, 1)
    let d4 = c3 ^ rotate(c0, 1)
    // rho and pi, chi, and for the first lane iota
    let b0 = a0 ^ d0
    let b1 = rotate(a6 ^ d1, 44)
    let b2 = rotate(a12 ^ d2, 43)
    let b3 = rotate(a18 ^ d3, 21)
    let b4 = rotate(a24 ^ d4, 14)
    let e0 = b0 ^ (b1 | b2) ^ constant
    let e1 = b1 ^ (~b2 | b3)
    let e2 = b2 ^ (b3 & b4)
    let e3 = b3 ^ (b4 | b0)
    let e4 = b4 ^ (b0 & b1)
    let b5 = rotate(a3 ^ d3, 28)
    let b6 = rotate(a9 ^ d4, 20)
    let b7 = rotate(a10 ^ d0, 3)
    let b8 = rotate(a16 ^ d1, 45)
    let b9 = rotate(a22 ^ d2, 61)
    let e5 = b5 ^ (b6 | b7)
    let e6 = b6 ^ (b7 & b8)
    let e7 = b7 ^ (b8 | ~b9)
    let e8 = b8 ^ (b9 | b5)
    let e9 = b9 ^ (b5 & b6)
    let b10 = rotate(a1 ^ d1, 1)
    let b11 = rotate(a7 ^ d2, 6)
    let b12 = rotate(a13 ^ d3, 25)
    let b13 = rotate(a19 ^ d4, 8)
    let b14 = rotate(a20 ^ d0, 18)
    let e10 = b10 ^ (b11 | b12)
    let e11 = b11 ^ (b12 & b13)
    let e12 = b12 ^ (~b13 & b14)
    let e13 = ~(b13 ^ (b14 | b10))
    let e14 = b14 ^ (b10 & b11)
    let b15 = rotate(a4 ^ d4, 27)
    let b16 = rotate(a5 ^ d0, 36)
    let b17 = rotate(a11 ^ d1, 10)
    let b18 = rotate(a17 ^ d2, 15)
    let b19 = rotate(a23 ^ d3, 56)
    let e15 = b15 ^ (b16 & b17)
    let e16 = b16 ^ (b17 | b18)
    let e17 = b17 ^ (~b18 | b19)
    let e18 = ~(b18 ^ (b19 & b15))
    let e19 = b19 ^ (b15 | b16)
    let b20 = rotate(a2 ^ d2, 62)
    let b21 = rotate(a8 ^ d3, 55)
    let b22 = rotate(a14 ^ d4, 39)
    let b23 = rotate(a15 ^ d0, 41)
    let b24 = rotate(a21 ^ d1, 2)
    let e20 = b20 ^ (~b21 & b22)
    let e21 = ~(b21 ^ (b22 | b23))
    let e22 = b22 ^ (b23 & b24)
    let e23 = b23 ^ (b24 | b20)
    let e24 = b24 ^ (b20 & b21)
    (a0, a1, a2, a3, a4) = (e0, e1, e2, e3, e4)
    (a5, a6, a7, a8, a9) = (e5, e6, e7, e8, e9)
    (a10, a11, a12, a13, a14) = (e10, e11, e12, e13, e14)
    (a15, a16, a17, a18, a19) = (e15, e16, e17, e18, e19)
    (a20, a21, a22, a23, a24) = (e20, e21, e22, e23, e24)
  }

  @inline(__always)
  private static func complement(
    _ a: inout UInt64, _ b: inout UInt64, _ c: inout UInt64, _ d: inout UInt64, _ e: inout UInt64,
    _ f: inout UInt64
  ) {
    (a, b, c, d, e, f) = (~a, ~b, ~c, ~d, ~e, ~f)
  }

  @inline(__always)
  private static func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 {
    word &<< bits | word &>> (64 &- bits)
  }
}
