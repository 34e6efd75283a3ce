/* On OpenSSL's BIGNUM, which is read from the arena and written to it for each operation. */
#include "bigint.h"

#include "../text/textfn.h"

#include <math.h>
#include <openssl/bn.h>

struct bigint {
	bool negative;
	size_t len;
	unsigned char bytes[]; /* the first is the highest */
};

static void bn_release(BIGNUM **n)
{
	BN_free(*n);
}
static void ctx_release(BN_CTX **ctx)
{
	BN_CTX_free(*ctx);
}
#define BN CLEANUP(bn_release) BIGNUM

static void print(void *self, struct strbuf *out);

static const struct value_object_ops ops = {.type_name = "int", .print = print};

bool is_bigint(const struct value *v)
{
	return v->type == VALUE_OBJECT && v->object.ops == &ops;
}

static bool is_whole(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_BOOL || is_bigint(v);
}

static BIGNUM *load_bigint(const struct bigint *b)
{
	BIGNUM *n = BN_bin2bn(b->bytes, (int)b->len, NULL);
	BN_set_negative(n, b->negative);
	return n;
}

static BIGNUM *load(const struct value *v)
{
	if (is_bigint(v))
		return load_bigint(v->object.self);
	int64_t i = as_int(v);
	BIGNUM *n = BN_new();
	BN_set_word(n, i < 0 ? 0 - (BN_ULONG)i : (BN_ULONG)i);
	BN_set_negative(n, i < 0);
	return n;
}

static int too_large(struct err *err)
{
	return err_set(err, ERR_LIMIT, "a number of more than %u bits", BIGINT_MAX_BITS);
}

static int store(struct eval *ev, const BIGNUM *n, const struct value **ret, struct err *err)
{
	if (BN_num_bits(n) > (int)BIGINT_MAX_BITS)
		return too_large(err);
	bool negative = BN_is_negative(n);
	if (BN_num_bits(n) <= 64) {
		BN_ULONG u = BN_get_word(n);
		if (u <= (BN_ULONG)INT64_MAX + negative) {
			*ret = int_new(ev, negative ? (int64_t)(0 - u) : (int64_t)u);
			return 0;
		}
	}
	size_t len = (size_t)BN_num_bytes(n);
	struct bigint *b = arena_alloc(ev->arena, sizeof(*b) + len);
	b->negative = negative;
	b->len = len;
	BN_bn2bin(n, b->bytes);
	struct value *v = value_object(ev->arena, &ops, b);
	v->flags |= VALUE_FRESH;
	*ret = v;
	return eval_step(ev, 1 + len / 64, err);
}

static void print(void *self, struct strbuf *out)
{
	BN *n = load_bigint(self);
	char *digits = BN_bn2dec(n);
	strbuf_puts(out, digits ? digits : "");
	OPENSSL_free(digits);
}

/* Rounded down, the rest with the sign of b. */
static int divide(unsigned op, BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *ctx,
		  struct err *err)
{
	BN *rest = BN_new(), *quotient = BN_new();
	if (BN_is_zero(b))
		return err_set(err, ERR_INVALID, "division by zero");
	BN_div(quotient, rest, a, b, ctx);
	if (!BN_is_zero(rest) && BN_is_negative(rest) != BN_is_negative(b)) {
		BN_sub(quotient, quotient, BN_value_one());
		BN_add(rest, rest, b);
	}
	BN_copy(result, op == OP_MOD ? rest : quotient);
	return 0;
}

static int power(BIGNUM *result, const BIGNUM *a, const BIGNUM *b, BN_CTX *ctx, struct err *err)
{
	if (BN_is_negative(b))
		return err_set(err, ERR_UNSUPPORTED, "a negative power of a number beyond 64 bits");
	if (BN_num_bits(a) > 1 && (BN_num_bits(b) > 20 ||
				   (uint64_t)BN_num_bits(a) * BN_get_word(b) > BIGINT_MAX_BITS * 2))
		return too_large(err);
	BN_exp(result, a, b, ctx);
	return 0;
}

int bigint_op(struct eval *ev, unsigned op, const struct value *a, const struct value *b,
	      const struct value **ret, struct err *err)
{
	if (!is_whole(a) || !is_whole(b) || op == OP_DIV)
		return err_set(
			err, ERR_UNSUPPORTED,
			"a number beyond 64 bits works with whole numbers and + - * // %% ** only");
	BN *x = load(a), *y = load(b), *n = BN_new();
	CLEANUP(ctx_release) BN_CTX *ctx = BN_CTX_new();
	int r = 0;
	switch (op) {
	case OP_ADD:
		BN_add(n, x, y);
		break;
	case OP_SUB:
		BN_sub(n, x, y);
		break;
	case OP_MUL:
		BN_mul(n, x, y, ctx);
		break;
	case OP_POW:
		r = power(n, x, y, ctx, err);
		break;
	default:
		r = divide(op, n, x, y, ctx, err);
	}
	if (r == 0)
		r = eval_step(ev, (uint64_t)BN_num_bits(x) * (uint64_t)BN_num_bits(y) / 4096, err);
	return r < 0 ? r : store(ev, n, ret, err);
}

bool bigint_order(const struct value *a, const struct value *b, int *ret)
{
	if (!is_whole(a) || !is_whole(b) || (!is_bigint(a) && !is_bigint(b)))
		return false;
	BN *x = load(a), *y = load(b);
	*ret = BN_cmp(x, y);
	return true;
}

static unsigned digit_of(char c)
{
	return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
	       : c >= 'a' && c <= 'z' ? (unsigned)(c - 'a' + 10)
	       : c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A' + 10)
				      : 99;
}

/* "0x" and the like, where the base has one or the text tells it. */
static unsigned base_of(struct slice *s, int base)
{
	unsigned told = 0;
	if (s->len > 2 && s->ptr[0] == '0')
		told = (s->ptr[1] | 32) == 'x'	 ? 16
		       : (s->ptr[1] | 32) == 'o' ? 8
		       : (s->ptr[1] | 32) == 'b' ? 2
						 : 0;
	if (!told || (base != 0 && told != (unsigned)base))
		return base ? (unsigned)base : 10;
	*s = (struct slice){s->ptr + 2, s->len - 2};
	return told;
}

int bigint_parse(struct eval *ev, struct slice text, int base, const struct value **ret,
		 struct err *err)
{
	BN *n = BN_new();
	struct slice s = text_strip(text, NULL, true, true);
	bool negative = s.len > 0 && s.ptr[0] == '-';
	if (s.len > 0 && (s.ptr[0] == '-' || s.ptr[0] == '+'))
		s = (struct slice){s.ptr + 1, s.len - 1};
	unsigned b = base_of(&s, base);
	if (s.len > BIGINT_MAX_BITS)
		return too_large(err);
	int r = eval_step(ev, s.len * s.len / 4096, err);
	for (size_t i = 0; i < s.len && r == 0; i++) {
		unsigned digit = digit_of(s.ptr[i]);
		if (s.ptr[i] == '_')
			continue;
		if (digit >= b)
			return int_overflow(err);
		BN_mul_word(n, b);
		BN_add_word(n, digit);
	}
	BN_set_negative(n, negative);
	return r < 0 ? r : store(ev, n, ret, err);
}

int bigint_of_double(struct eval *ev, double d, const struct value **ret, struct err *err)
{
	int exponent;
	double part = frexp(fabs(d), &exponent); /* 53 bits of it are all there are */
	BN *n = BN_new();
	BN_set_word(n, (BN_ULONG)ldexp(part, 53));
	if (exponent >= 53)
		BN_lshift(n, n, exponent - 53);
	else
		BN_rshift(n, n, 53 - exponent);
	BN_set_negative(n, d < 0);
	return store(ev, n, ret, err);
}
