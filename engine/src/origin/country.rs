//! Names of countries and parties.
//!
//! A country is its two-letter code of ISO 3166-1. Also accepted are the three-letter codes, and UK and EL, which the
//! institutions of the European Union use for GB and GR. They mean the same country everywhere.

/// The error for a malformed name.
pub(super) const EXPECTED: &str = "a country or party is 2 to 16 ASCII letters, digits or -";

/// The two-letter and three-letter codes of ISO 3166-1, in the order of the first (249 countries and territories).
const COUNTRIES: &str = "\
    ADAND AEARE AFAFG AGATG AIAIA ALALB AMARM AOAGO AQATA ARARG ASASM ATAUT AUAUS AWABW AXALA AZAZE BABIH BBBRB \
    BDBGD BEBEL BFBFA BGBGR BHBHR BIBDI BJBEN BLBLM BMBMU BNBRN BOBOL BQBES BRBRA BSBHS BTBTN BVBVT BWBWA BYBLR \
    BZBLZ CACAN CCCCK CDCOD CFCAF CGCOG CHCHE CICIV CKCOK CLCHL CMCMR CNCHN COCOL CRCRI CUCUB CVCPV CWCUW CXCXR \
    CYCYP CZCZE DEDEU DJDJI DKDNK DMDMA DODOM DZDZA ECECU EEEST EGEGY EHESH ERERI ESESP ETETH FIFIN FJFJI FKFLK \
    FMFSM FOFRO FRFRA GAGAB GBGBR GDGRD GEGEO GFGUF GGGGY GHGHA GIGIB GLGRL GMGMB GNGIN GPGLP GQGNQ GRGRC GSSGS \
    GTGTM GUGUM GWGNB GYGUY HKHKG HMHMD HNHND HRHRV HTHTI HUHUN IDIDN IEIRL ILISR IMIMN ININD IOIOT IQIRQ IRIRN \
    ISISL ITITA JEJEY JMJAM JOJOR JPJPN KEKEN KGKGZ KHKHM KIKIR KMCOM KNKNA KPPRK KRKOR KWKWT KYCYM KZKAZ LALAO \
    LBLBN LCLCA LILIE LKLKA LRLBR LSLSO LTLTU LULUX LVLVA LYLBY MAMAR MCMCO MDMDA MEMNE MFMAF MGMDG MHMHL MKMKD \
    MLMLI MMMMR MNMNG MOMAC MPMNP MQMTQ MRMRT MSMSR MTMLT MUMUS MVMDV MWMWI MXMEX MYMYS MZMOZ NANAM NCNCL NENER \
    NFNFK NGNGA NINIC NLNLD NONOR NPNPL NRNRU NUNIU NZNZL OMOMN PAPAN PEPER PFPYF PGPNG PHPHL PKPAK PLPOL PMSPM \
    PNPCN PRPRI PSPSE PTPRT PWPLW PYPRY QAQAT REREU ROROU RSSRB RURUS RWRWA SASAU SBSLB SCSYC SDSDN SESWE SGSGP \
    SHSHN SISVN SJSJM SKSVK SLSLE SMSMR SNSEN SOSOM SRSUR SSSSD STSTP SVSLV SXSXM SYSYR SZSWZ TCTCA TDTCD TFATF \
    TGTGO THTHA TJTJK TKTKL TLTLS TMTKM TNTUN TOTON TRTUR TTTTO TVTUV TWTWN TZTZA UAUKR UGUGA UMUMI USUSA UYURY \
    UZUZB VAVAT VCVCT VEVEN VGVGB VIVIR VNVNM VUVUT WFWLF WSWSM YEYEM YTMYT ZAZAF ZMZMB ZWZWE";

/// Codes that customs use and that are not in ISO 3166-1: the European Union, Kosovo, Northern Ireland.
const BESIDE: [&str; 3] = ["EU", "XK", "XI"];

/// Other codes of a country, as used in customs forms and tax numbers.
const ALIASES: [(&str, &str); 2] = [("UK", "GB"), ("EL", "GR")];

/// The name in upper case; `None` if it is malformed.
pub(super) fn parse(text: &[u8]) -> Option<Box<str>> {
    let is_name =
        (2..=16).contains(&text.len()) && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    let name = std::str::from_utf8(text).ok().filter(|_| is_name)?;
    Some(name.to_ascii_uppercase().into())
}

/// The name as from [`parse`]; for a country its two-letter code.
pub(super) fn read(text: &[u8]) -> Option<Box<str>> {
    parse(text).map(|name| canonical(&name).into())
}

/// The two-letter code of a country that is named by another of its codes; any other name unchanged.
pub(super) fn canonical(name: &str) -> &str {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, code)| *code);
    let of_three = || pairs().find(|(_, three)| *three == name).map(|(two, _)| two);
    alias.or_else(|| if name.len() == 3 { of_three() } else { None }).unwrap_or(name)
}

/// The other codes of a country.
pub(super) fn others(code: &str) -> impl Iterator<Item = &'static str> {
    let aliases = ALIASES.iter().filter(move |(_, of)| *of == code).map(|(alias, _)| *alias);
    let is_two = code.len() == 2;
    aliases.chain(pairs().filter(move |(two, _)| is_two && *two == code).map(|(_, three)| three))
}

/// Whether this is the two-letter code of a country, or one of the three codes that customs treat like a country.
pub(super) fn is_country(code: &str) -> bool {
    // Long bills of materials are checked line by line, so this is a binary search over entries of six bytes.
    let (entries, _) = COUNTRIES.as_bytes().as_chunks::<6>();
    let is_last = || COUNTRIES.as_bytes().rchunks(5).next().is_some_and(|last| last.get(..2) == Some(code.as_bytes()));
    code.len() == 2
        && (BESIDE.contains(&code)
            || entries.binary_search_by(|entry| entry[..2].cmp(code.as_bytes())).is_ok()
            || is_last())
}

fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    COUNTRIES.split(' ').filter_map(|pair| pair.split_at_checked(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_a_country_means_the_same_country() {
        for (text, code) in
            [("gb", "GB"), ("UK", "GB"), ("GBR", "GB"), ("el", "GR"), ("DEU", "DE"), ("Germany", "GERMANY")]
        {
            assert_eq!(read(text.as_bytes()).as_deref(), Some(code), "{text}");
        }
        assert!(others("GB").eq(["UK", "GBR"]) && others("EFTA").next().is_none());
    }

    #[test]
    fn the_table_contains_each_country_once_in_order() {
        assert_eq!(pairs().count(), 249);
        assert!(pairs().is_sorted_by(|a, b| a.0 < b.0) && pairs().all(|(_, three)| three.len() == 3));
        assert!(pairs().all(|(two, _)| is_country(two)));
        assert!(["DE", "XI", "EU"].iter().all(|code| is_country(code)));
        assert!(["ZZ", "XX", "GERMANY", "", "DEU"].iter().all(|code| !is_country(code)));
    }
}
