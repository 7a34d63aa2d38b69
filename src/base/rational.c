/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/rational.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

__extension__ typedef __int128 wide;

static wide wide_abs(wide x)
{
    return x < 0 ? -x : x;
}

static osp_rational reduce(wide num, wide den)
{
    wide a = wide_abs(num), b = wide_abs(den);

    if (den == 0)
        return (osp_rational){ 0, 0 };
    while (b) {
        wide rest = a % b;

        a = b;
        b = rest;
    }
    if (a > 1) {
        num /= a;
        den /= a;
    }
    if (den < 0) {
        num = -num;
        den = -den;
    }
    while (wide_abs(num) > INT64_MAX || den > INT64_MAX) {
        num = num / 2;
        den = den / 2 ? den / 2 : 1;
    }
    return (osp_rational){ (int64_t)num, (int64_t)den };
}

osp_rational rational(int64_t num, int64_t den)
{
    return reduce(num, den);
}

osp_rational rational_add(osp_rational a, osp_rational b)
{
    return reduce((wide)a.num * b.den + (wide)b.num * a.den, (wide)a.den * b.den);
}

osp_rational rational_sub(osp_rational a, osp_rational b)
{
    return reduce((wide)a.num * b.den - (wide)b.num * a.den, (wide)a.den * b.den);
}

osp_rational rational_mul(osp_rational a, osp_rational b)
{
    return reduce((wide)a.num * b.num, (wide)a.den * b.den);
}

osp_rational rational_div(osp_rational a, osp_rational b)
{
    return reduce((wide)a.num * b.den, (wide)a.den * b.num);
}

int rational_compare(osp_rational a, osp_rational b)
{
    wide left = (wide)a.num * b.den, right = (wide)b.num * a.den;

    return left < right ? -1 : left > right;
}

bool rational_known(osp_rational a)
{
    return a.den != 0;
}

double rational_double(osp_rational a)
{
    return a.den ? (double)a.num / (double)a.den : 0.0;
}

bool rational_parse(const char *text, osp_rational *out)
{
    int64_t num = 0, den = 1;
    bool digits = false, point = false;
    const char *p = text;

    if (*p == '-')
        p++;
    for (; *p; p++) {
        if (*p == '.' && !point) {
            point = true;
            continue;
        }
        if (!isdigit((unsigned char)*p))
            return false;
        digits = true;
        if (num > INT64_MAX / 100 || (point && den >= 1000000000))
            continue; /* beyond a nanosecond nothing is asked */
        num = num * 10 + (*p - '0');
        if (point)
            den *= 10;
    }
    if (!digits)
        return false;
    *out = rational(*text == '-' ? -num : num, den);
    return true;
}

bool rational_parse_time(const char *text, osp_rational *out)
{
    static const struct {
        const char *suffix;
        osp_rational unit;
    } units[] = { { "ms", { 1, 1000 } }, { "us", { 1, 1000000 } }, { "s", { 1, 1 } } };
    osp_rational total = { 0, 1 }, part;
    char copy[64], *rest = copy, *piece;
    size_t length = strlen(text);
    int pieces = 0;

    if (!length || length >= sizeof(copy))
        return false;
    memcpy(copy, text, length + 1);
    for (size_t i = 0; i < OSP_COUNT(units); i++) {
        if (!str_ends(copy, units[i].suffix))
            continue;
        copy[length - strlen(units[i].suffix)] = 0;
        if (copy[0] == '-' || !rational_parse(copy, &part))
            return false;
        *out = rational_mul(part, units[i].unit);
        return true;
    }
    while ((piece = strsep(&rest, ":"))) {
        if (++pieces > 3 || piece[0] == '-' || !rational_parse(piece, &part) ||
            (rest && strchr(piece, '.')))
            return false;
        total = rational_add(rational_mul(total, (osp_rational){ 60, 1 }), part);
    }
    *out = total;
    return true;
}

void rational_print(osp_rational a, int places, char *out, int size)
{
    wide scale = 1, value;
    char sign[2] = "";
    int length;

    if (!a.den) {
        snprintf(out, (size_t)size, "unknown");
        return;
    }
    for (int i = 0; i < places; i++)
        scale *= 10;
    value = (wide_abs(a.num) * scale * 2 + a.den) / ((wide)a.den * 2);
    if (a.num < 0 && value)
        sign[0] = '-';
    length = snprintf(out, (size_t)size, "%s%lld", sign, (long long)(value / scale));
    if (value % scale == 0 || length >= size - places - 2)
        return;
    snprintf(out + length, (size_t)(size - length), ".%0*lld", places, (long long)(value % scale));
    for (char *end = out + strlen(out) - 1; *end == '0'; end--)
        *end = 0;
}

int64_t rational_floor(osp_rational a)
{
    if (!rational_known(a))
        return 0;
    return a.num >= 0 ? a.num / a.den : -((-a.num + a.den - 1) / a.den);
}

int64_t rational_round(osp_rational a)
{
    return rational_floor(rational_add(a, (osp_rational){ 1, 2 }));
}
